/**
 * A page as one HTML file: it contains its data, script and style, and its Content-Security-Policy
 * prevents it from loading anything else. It needs no server.
 *
 * To add a kind of page, add a folder here:
 * - `data.ts`, a type of plain JSON: everything that the page shows;
 * - `page.ts`, its script. It reads the data with `pageData<Data>()` (`kit/layout.ts`), builds elements
 *   with `element` and `section` (`kit/dom.ts`), `Chart` (`kit/chart.ts`, options in
 *   `kit/chart_options.ts`) and `dataTable` (`kit/table.ts`), and passes sections to `showPage`
 *   (`kit/layout.ts`), which adds a table of contents;
 * - its own styles, if it needs any;
 * - a line in {@link PAGES}. A command then creates it by `pageHtml({ title, page: "NAME", data })`.
 *
 * The kit handles light and dark mode, print, narrow screens and the keyboard. Colors are the variables
 * of `base.css` and `kit/kit.css`. Set styles with classes or `element.style`: the policy forbids
 * style attributes in HTML text.
 */
import { escape } from "@std/html";
import chartStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { spellName } from "../reporting/controls.ts";
import { bundleScripts } from "./bundle.ts";
import dashboardStyle from "./dashboard/dashboard.css" with { type: "text" };
import kitStyle from "./kit/kit.css" with { type: "text" };
import base from "./base.css" with { type: "text" };
import reportStyle from "./report/report.css" with { type: "text" };

/** What distinguishes a kind of page. */
interface PageSource {
  /** Its script, in TypeScript. */
  readonly script: URL;
  /** Its styles in addition to the kit's. */
  readonly style?: string;
}

/** The pages by name. */
export const PAGES = {
  compare: { script: new URL("./compare/page.ts", import.meta.url) },
  dashboard: {
    script: new URL("./dashboard/page.ts", import.meta.url),
    style: reportStyle + dashboardStyle,
  },
  report: { script: new URL("./report/page.ts", import.meta.url), style: reportStyle },
} satisfies Record<string, PageSource>;

interface PageParts {
  /** Its heading and window title. */
  readonly title: string;
  readonly page: keyof typeof PAGES | PageSource;
  /** The data for the script: plain JSON, in which NaN and infinities become null. */
  readonly data: unknown;
  /** Whether the script may request more from the page's server. Default: false. */
  readonly isServed?: boolean;
}

/** The page as the text of its file. Throws RunError if its script cannot be bundled. */
export async function pageHtml({ title, page, data, isServed }: PageParts): Promise<string> {
  const { script, style: own = "" }: PageSource = typeof page === "string" ? PAGES[page] : page;
  const [bytes] = Object.values(await bundleScripts([script]));
  // Occurs only inside strings.
  const code = new TextDecoder().decode(bytes).replaceAll("</script", "<\\/script");
  const style = [base, chartStyle, kitStyle, own].join("\n");
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(code)}`,
    `style-src ${await hashOf(style)}`,
    "img-src data: blob:",
    ...(isServed ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const heading = escape(spellName(title));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join("; ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${heading}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the contents</a>
<header><h1>${heading}</h1></header>
<main id="main" tabindex="-1"></main>
<noscript><p>This page needs JavaScript.</p></noscript>
<script type="application/json" id="data">${
    JSON.stringify(data).replaceAll("<", "\\u003c")
  }</script>
<script type="module">${code}</script>
</body>
</html>
`;
}

/** The hash by which a policy identifies a script or style. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${new Uint8Array(digest).toBase64()}'`;
}
