#!/usr/bin/env bash
# Builds and tests the dashboard where Node is; elsewhere one line says so, and the API runs without it.
#   usage: scripts/dashboard.sh build|types|check|test|screenshots
#   build        into the API's package, whose wheel and image take it from there
#   types        write what the dashboard knows of the API, from the API's own document, into dashboard/build
#   check        formatting, rules, and types: those of the API as it is now, never older ones
#   test         check, unit tests, and the browser tests against a local stack of its own
#   screenshots  every screen, light and dark, into docs/screenshots
set -euo pipefail
cd "$(dirname "$0")/../dashboard"

oldest=20.19
has_node() { # both programs, and not too old a one
    command -v npm >/dev/null || return 1
    local found
    found=$(node --version 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$oldest" "${found#v}" | sort -V | head -n 1)" = "$oldest" ]
}

if ! has_node; then
    echo "no dashboard: it needs Node $oldest or newer with npm; the API runs without it"
    exit 0
fi

install() { # again only when the lock has changed
    [ node_modules/.package-lock.json -nt package-lock.json ] && return
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
}

write_types() {
    mkdir -p build
    ../.venv/bin/atf openapi >build/openapi.json
    npm run --silent types >/dev/null
}

browse() { # arguments of Playwright
    if ! command -v chromium >/dev/null; then
        echo "not run: browser tests of the dashboard; they need chromium"
        return
    fi
    npx playwright test "$@"
}

install
case ${1:?build, types, check, test or screenshots} in
    build) npm run --silent build -- --logLevel warn ;;
    types) write_types ;;
    check)
        write_types
        npm run --silent lint
        npm run --silent typecheck
        ;;
    test)
        "../scripts/dashboard.sh" check
        npm run --silent test
        npm run --silent build -- --logLevel warn
        browse --project=tests
        ;;
    screenshots)
        npm run --silent build -- --logLevel warn
        ATF_E2E_DEMO=1 browse --project=screenshots
        ;;
esac
