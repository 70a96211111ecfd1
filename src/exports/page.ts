import { html, raw } from "hono/html";
import { PAGE_STYLE } from "./page-style.ts";

type Html = ReturnType<typeof html>;

export interface Page {
  readonly title: string;
  /** Rules of its own. */
  readonly style?: string;
  readonly main: Html;
  readonly footer: string;
}

/** One page that needs nothing else: no script, no font, no picture, no address is asked. */
export async function pageHtml({ title, style = "", main, footer }: Page): Promise<string> {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${raw(PAGE_STYLE)}${raw(style)}</style>
</head>
<body>
<main>
${main}
</main>
<footer>${footer}</footer>
</body>
</html>
`;
  return String(await page);
}
