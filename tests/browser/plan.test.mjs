// The preflight report in a real browser: released or asked, stopped with its repair, too few people, hostile names. $EVENHAND is the program.
// Ends with 77 when there is no browser.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { SOURCE, lookAtPages, needBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const folder = privateFolder();
const shops = `
import sys
sys.path.insert(0, sys.argv[1])
from shop import CAMPAIGN, NOW, Shop
for name, options in (("usual", {}), ("stopped", {"proxy": True}), ("few", {"people": 300, "budget": "60"}),
                      ("hostile", {"campaign": CAMPAIGN.replace("title: Spring boots", "title: \\"<script>alert(1)</script> & 'boots'\\"")})):
    shop = Shop(sys.argv[2] + "/" + name, **{"people": 1200, **options}).open()
    shop.run("plan", "spring", "--now", NOW, "--format", "html", "--output", "preflight", "--quiet", status=(0, 1, 3))
`;
const run = spawnSync("python3", ["-c", shops, join(SOURCE, "tests", "decide"), folder], { encoding: "utf8" });
if (run.status !== 0) throw new Error(run.stderr);
process.exit(await lookAtPages("preflight", ["usual", "stopped", "few", "hostile"].map((name) => ({ name, path: join(folder, name, "preflight.html") })), "Preflight"));
