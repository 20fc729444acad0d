// Takes the pictures of the README from a report: node tests/browser/screens.mjs REPORT.html [FOLDER]
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { SOURCE, needBrowser, openBrowser } from "./browser.mjs";

const [report, folder = join(SOURCE, "docs", "screens")] = process.argv.slice(2);
if (!report) {
  console.error("usage: node tests/browser/screens.mjs REPORT.html [FOLDER]");
  process.exit(2);
}
needBrowser();
mkdirSync(folder, { recursive: true });

const SHOTS = [
  { file: "report.png", width: 1180, scheme: "light", from: "header", to: "#figure-1" },
  { file: "report-dark.png", width: 1180, scheme: "dark", from: "#attribute-1", to: "#figure-2" },
];

const browser = await openBrowser();
try {
  for (const shot of SHOTS) {
    const page = await browser.newPage({ viewport: { width: shot.width, height: 1000 }, colorScheme: shot.scheme, reducedMotion: "reduce" });
    await page.goto(`file://${resolve(report)}`);
    const [top, bottom] = await page.evaluate(({ from, to }) => {
      document.querySelector(".contents").style.position = "static";
      return [document.querySelector(from).getBoundingClientRect().top, document.querySelector(to).getBoundingClientRect().bottom];
    }, shot);
    const path = join(folder, shot.file);
    await page.screenshot({ path, fullPage: true, clip: { x: 0, y: Math.max(0, top - 20), width: shot.width, height: bottom - Math.max(0, top - 20) + 28 } });
    console.log(`${path}: ${Math.round(statSync(path).size / 1024)} KiB`);
    await page.close();
  }
} finally {
  await browser.close();
}
