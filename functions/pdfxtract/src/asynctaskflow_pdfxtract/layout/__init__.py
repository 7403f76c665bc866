"""From placed words to articles by layout alone: lines, blocks, reading order, roles. All pure."""
