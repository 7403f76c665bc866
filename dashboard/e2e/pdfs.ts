/** PDFs for tests, written by hand: no font is embedded, and images are as small as they can be. */

const IMAGES = {
  jpeg2000: {
    entries: "/Filter /JPXDecode",
    base64: [
      "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAAQAAAAEAAAQcHAAAAAAAPY29scgEA",
      "AAAAABEAAAEhanAyY/9P/1EAKQAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAAAQcBAf9SAAwAAAABAAEEBAAB",
      "/1wAB0BASEhQ/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAArAAB/5PfhSARUFSv+iUv",
      "ENHwqt4TC48mNhJ00kNXCN4GazMzMzMzMzMuJpABEGQnGegPUbbbbbbbbbhtv/9/8cbAAAAABhIS/0NOwAAAABhIS/4adgAA",
      "AADCQl/w07AAAAAGEhL/Q07AAAAAGEhL/hp2AAAAAMJCX/DTsAAAAAYSEv9DTsAAAAAYSEv+GnYAAAAAwkJf/3+j7QcAxDDq",
      "jolYd//Z",
    ].join(""),
  },
  fax: {
    entries:
      "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 64 /Rows 64 >>",
    base64: "/////yageG//////////+ACACA==",
  },
} as const;

export type ImageKind = keyof typeof IMAGES;

const PAPER = "/Type /Page /Parent 2 0 R /MediaBox [0 0 400 600]";

/** The objects as a file; the first two are the catalog and the pages. */
function file(objects: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.5\n")];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  const add = (part: Buffer) => {
    parts.push(part);
    length += part.length;
  };
  objects.forEach((object, index) => {
    offsets.push(length);
    add(Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")]));
  });
  const table = offsets.map((one) => `${String(one).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  const head = `xref\n0 ${size}\n0000000000 65535 f \n${table}`;
  add(Buffer.from(`${head}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`));
  return Buffer.concat(parts);
}

function stream(entries: string, content: Buffer): Buffer {
  const head = Buffer.from(`<< ${entries} /Length ${content.length} >>\nstream\n`);
  return Buffer.concat([head, content, Buffer.from("\nendstream")]);
}

function pages(kids: readonly number[]): Buffer[] {
  const named = kids.map((kid) => `${kid} 0 R`).join(" ");
  return [
    Buffer.from("<< /Type /Catalog /Pages 2 0 R >>"),
    Buffer.from(`<< /Type /Pages /Count ${kids.length} /Kids [${named}] >>`),
  ];
}

const BODY = Array.from(
  { length: 20 },
  (_, line) =>
    `0 -16 Td (In the harbour the mill turned for hour ${line}, and people came to look at it.) Tj`,
).join(" ");

/** Pages of a headline and a text in Helvetica, which is not in the file. */
export function textPdf(count: number): Buffer {
  const kids = Array.from({ length: count }, (_, page) => 5 + 2 * page);
  const fonts = ["Helvetica-Bold", "Helvetica"].map((name) =>
    Buffer.from(`<< /Type /Font /Subtype /Type1 /BaseFont /${name} >>`),
  );
  const objects = [...pages(kids), ...fonts];
  kids.forEach((kid, page) => {
    const text = `BT /B 36 Tf 20 520 Td (HARBOUR MILL ${page + 1}) Tj /R 10 Tf 0 -20 Td ${BODY} ET`;
    objects.push(
      Buffer.from(`<< ${PAPER} /Resources << /Font << /B 3 0 R /R 4 0 R >> >> /Contents ${kid + 1} 0 R >>`),
      stream("", Buffer.from(text)),
    );
  });
  return file(objects);
}

/** One page that is an image, black in its upper half. */
export function imagePdf(kind: ImageKind): Buffer {
  const { entries, base64 } = IMAGES[kind];
  const image = `/Type /XObject /Subtype /Image /Width 64 /Height 64 ${entries}`;
  return file([
    ...pages([3]),
    Buffer.from(`<< ${PAPER} /Resources << /XObject << /I 4 0 R >> >> /Contents 5 0 R >>`),
    stream(image, Buffer.from(base64, "base64")),
    stream("", Buffer.from("400 0 0 600 0 0 cm /I Do")),
  ]);
}
