import type { Results, Row } from "./results.ts";

const WIDTH = 960;
const LABELS = 330;
const PANEL = 290;
const GAP = 20;
const TOP = 76;
const ROW = 34;
const BAR = 16;

interface Panel {
  readonly x: number;
  readonly title: string;
  readonly value: (row: Row) => number | null;
  readonly text: (value: number) => string;
}

const PANELS: readonly Panel[] = [
  {
    x: LABELS,
    title: "CPU time a record, microseconds",
    value: (row) => row.microsPerRecord,
    text: (value) => value.toFixed(value < 10 ? 2 : 1),
  },
  { x: LABELS + PANEL + GAP, title: "Peak memory, MB", value: (row) => row.peakMb, text: (value) => value.toFixed(0) },
];

/** Colours of both schemes; grey bars do less than the job. */
const STYLE = `
  svg { font: 13px system-ui, sans-serif; --ink: #1f2328; --soft: #59636e; --ours: #0969da; --peer: #8c959f; --less: #d1d9e0; --page: #ffffff; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #f0f6fc; --soft: #9198a1; --ours: #4493f8; --peer: #6e7681; --less: #3d444d; --page: #0d1117; }
  }
  .page { fill: var(--page); } text { fill: var(--ink); } .soft { fill: var(--soft); } .head { font-weight: 600; font-size: 15px; }
  .analyze { fill: var(--ours); } .peer { fill: var(--peer); } .parse { fill: var(--less); }
`;

/** Bars of the comparison: less is better. Empty but valid before there is one. */
export function chart({ comparison }: Results): string {
  const rows = comparison?.value.rows ?? [];
  const height = TOP + rows.length * ROW + 36;
  const records = (comparison?.value.records ?? 0).toLocaleString("en-US");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">CPU time a record and peak memory of analyze and its peers</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    `<text class="head" x="16" y="28">Gateway and Cosmos DB logs, ${records} records: less is better</text>`,
    ...rows.map((row, i) => labelOf(row, TOP + i * ROW)),
    ...PANELS.flatMap((panel) => panelOf(panel, rows)),
    `<text class="soft" x="16" y="${height - 14}">analyze: everything on. Peers: decode, join and group only. Pale bars: parsing only, on a part.</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function labelOf({ says }: Row, y: number): string {
  const [name = "", ...rest] = says.split(/[,:] /);
  return `<text x="16" y="${y + 12}">${escape(name)}<tspan class="soft" dx="6">${escape(shorten(rest.join(", ")))}</tspan></text>`;
}

const LONGEST = 34;
const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1).trimEnd()}…` : text);

function panelOf({ x, title, value, text }: Panel, rows: readonly Row[]): readonly string[] {
  const most = rows.reduce((max, row) => Math.max(max, value(row) ?? 0), Number.MIN_VALUE);
  const room = PANEL - 60;
  return [
    `<text class="soft" x="${x}" y="56">${title}</text>`,
    ...rows.map((row, i) => {
      const y = TOP + i * ROW;
      const length = value(row);
      if (length === null) return `<text class="soft" x="${x}" y="${y + 12}">–</text>`;
      const width = Math.max(1, (length / most) * room);
      return `<rect class="${kindOf(row)}" x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/><text x="${(x + width + 6).toFixed(1)}" y="${y + 12}">${text(length)}</text>`;
    }),
  ];
}

function kindOf({ id, says }: Row): "analyze" | "peer" | "parse" {
  if (id.startsWith("analyze")) return "analyze";
  return says.includes("parse only") ? "parse" : "peer";
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
