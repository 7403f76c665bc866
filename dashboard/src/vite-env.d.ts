/// <reference types="vite/client" />

/** Where `build-plugins/pdfjs.ts` has put what pdf.js fetches by name; ends with a slash. */
declare const __PDFJS_FILES__: string;
