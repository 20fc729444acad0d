// The HTML report in a real browser: accessible, self-contained, whole without JavaScript, on a phone, in the dark and on paper.
// $EVENHAND is the program. Ends with 77 when there is no browser.
import { readFileSync, writeFileSync } from "node:fs";
import { axePath, makeReports, needBrowser, openBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const WIDTHS = [320, 360, 1280];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const axe = readFileSync(axePath(), "utf8");
let passed = 0, failed = 0;

const check = (name, ok, detail) => {
  if (ok) passed++;
  else {
    failed++;
    console.log(`FAILED ${name}${detail ? `: ${detail}` : ""}`);
  }
};

/** What the page asks for and complains of, from before it is loaded. */
const watch = (page) => {
  const seen = { requests: [], complaints: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && seen.complaints.push(message.text()));
  page.on("pageerror", (error) => seen.complaints.push(error.message));
  page.on("dialog", (dialog) => { seen.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  return seen;
};

const violations = async (page) => {
  await page.evaluate(axe);
  const result = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
  if (result.passes.length < 15) throw new Error(`axe found only ${result.passes.length} rules to apply: it has not seen the page`);
  return result.violations.map((found) => `${found.id} (${found.nodes.length}): ${found.nodes[0].html.slice(0, 160)} ${found.nodes[0].failureSummary}`);
};

const measure = (page) => page.evaluate(() => {
  const figures = [...document.querySelectorAll("figure.plot")];
  /* a figure's table: the next one in the document */
  const tables = [...document.querySelectorAll("table")];
  return {
    title: document.title,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: document.querySelectorAll("h1").length,
    figures: figures.length,
    shown: figures.filter((figure) => figure.getClientRects().length > 0).length,
    drawn: figures.filter((figure) => figure.querySelector(".chart svg path, .chart svg circle, .chart svg polygon")).length,
    named: figures.filter((figure) => figure.querySelector("[role=img]")?.getAttribute("aria-label")?.length > 20).length,
    tabled: figures.filter((figure) => tables.some((table) => figure.parentElement.contains(table) && figure.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING)).length,
    unreachable: tables.filter((table) => { const region = table.closest("[role=region]"); return !region || region.tabIndex !== 0 || !region.getAttribute("aria-label"); }).length,
    images: document.querySelectorAll("main img, main script, header script").length,
  };
});

const inspect = async (browser, report, width, scheme, script) => {
  const name = `${report.name} ${width} px, ${scheme}, JavaScript ${script ? "on" : "off"}`;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, javaScriptEnabled: script });
  const page = await context.newPage();
  const seen = watch(page), url = `file://${report.path}`;
  await page.goto(url);
  const facts = await measure(page);
  check(`${name}: the title is the report's own`, facts.title.startsWith("Fairness audit: "), facts.title);
  check(`${name}: no sideways scrolling of the page`, facts.overflow <= 0, `${facts.overflow} px`);
  check(`${name}: one h1`, facts.headings === 1);
  check(`${name}: there are figures`, facts.figures > 3);
  check(`${name}: figures are ${script ? "drawn" : "hidden"}`, script ? facts.drawn === facts.figures && facts.shown === facts.figures : facts.shown === 0, JSON.stringify(facts));
  check(`${name}: every figure has a text`, facts.named === facts.figures);
  check(`${name}: every figure has a table`, facts.tabled === facts.figures, `${facts.tabled} of ${facts.figures}`);
  check(`${name}: every table can be reached with the keyboard`, facts.unreachable === 0, `${facts.unreachable}`);
  check(`${name}: no foreign element`, facts.images === 0);
  if (script) {
    const found = await violations(page);
    check(`${name}: accessible`, found.length === 0, found.join("\n    "));
  }
  check(`${name}: no request but for the file itself`, seen.requests.every((asked) => asked === url || asked === "data:,"), seen.requests.join(" "));
  check(`${name}: the browser has no complaint`, seen.complaints.length === 0, seen.complaints.join(" | "));
  await context.close();
};

/** axe needs timers, which stand still without JavaScript: it reads the same page with its scripts cut out. */
const inspectScriptless = async (browser, report, width, scheme) => {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  await page.goto(`file://${report.scriptless}`);
  check(`${report.name}, scripts cut out: they are`, (await page.evaluate(() => document.scripts.length)) === 0);
  const found = await violations(page);
  check(`${report.name} ${width} px, ${scheme}, scripts cut out: accessible`, found.length === 0, found.join("\n    "));
  await page.close();
};

/** Everything that is folded away, opened: the tables inside are read too. */
const inspectOpened = async (browser, report) => {
  const page = await browser.newPage({ viewport: { width: 360, height: 900 } });
  await page.goto(`file://${report.path}`);
  await page.evaluate(() => { for (const details of document.querySelectorAll("details")) details.open = true; });
  check(`${report.name}, all opened: no sideways scrolling of the page`, (await measure(page)).overflow <= 0);
  const found = await violations(page);
  check(`${report.name}, all opened: accessible`, found.length === 0, found.join("\n    "));
  await page.close();
};

/** Paper is light and complete; the screen afterwards is as it was. */
const inspectPrint = async (browser, report) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "dark" });
  await page.goto(`file://${report.path}`);
  const state = () => page.evaluate(() => ({ closed: document.querySelectorAll("details:not([open])").length, theme: document.documentElement.dataset.theme || "",
    ground: getComputedStyle(document.body).backgroundColor, label: document.querySelector(".chart svg text")?.getAttribute("fill") }));
  const before = await state();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.waitForFunction(() => document.documentElement.dataset.theme === "light");
  const paper = await state();
  check(`${report.name} on paper: all is open`, before.closed > 0 && paper.closed === 0);
  check(`${report.name} on paper: figures are drawn in dark ink`, paper.label !== before.label, `${before.label} and ${paper.label}`);
  await page.emulateMedia({ media: "screen", colorScheme: "dark" });
  await page.waitForFunction(() => !document.documentElement.dataset.theme);
  const after = await state();
  check(`${report.name} after printing: as before`, JSON.stringify(after) === JSON.stringify(before), JSON.stringify(after));
  const pdf = await page.pdf({ preferCSSPageSize: true });
  check(`${report.name}: prints to PDF`, pdf.subarray(0, 5).toString() === "%PDF-" && pdf.length > 20000);
  await page.close();
};

/** When the colours change while the page is open, the figures follow. */
const inspectChange = async (browser, report) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  await page.goto(`file://${report.path}`);
  const ink = () => page.evaluate(() => document.querySelector(".chart svg text").getAttribute("fill"));
  const light = await ink();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction((was) => document.querySelector(".chart svg text").getAttribute("fill") !== was, light);
  const width = () => page.evaluate(() => document.querySelector(".chart svg").getBoundingClientRect().width);
  const wide = await width();
  await page.setViewportSize({ width: 400, height: 900 });
  await page.waitForFunction((was) => document.querySelector(".chart svg").getBoundingClientRect().width < was, wide);
  check(`${report.name}: figures follow colours and width`, (await width()) <= 400);
  await page.keyboard.press("Tab");
  check(`${report.name}: the first stop skips to the results`, (await page.evaluate(() => document.activeElement.getAttribute("href"))) === "#main");
  await page.close();
};

const reports = makeReports(privateFolder());
for (const report of reports) {
  report.scriptless = report.path.replace(".html", "-scriptless.html");
  writeFileSync(report.scriptless, readFileSync(report.path, "utf8").replace(/<script[ >][^]*?<\/script>/g, ""));
}
const browser = await openBrowser();
try {
  for (const report of reports) {
    for (const width of WIDTHS) {
      for (const scheme of ["light", "dark"]) {
        for (const script of [true, false]) await inspect(browser, report, width, scheme, script);
        await inspectScriptless(browser, report, width, scheme);
      }
    }
    await inspectOpened(browser, report);
    await inspectPrint(browser, report);
    await inspectChange(browser, report);
  }
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
