// The team pages in a real browser: a campaign from draft to release by one and by two people, on a phone and without JavaScript; a review signed by two that
// tells customers what it led to; search by keyboard; charts beside their tables. $EVENHAND is the program. Ends with 77 when there is no browser.
// node tests/browser/team.test.mjs [FOLDER FOR PICTURES]
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { axePath, needBrowser, openBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PAGE_BYTES_MAX = 96 * 1024, STYLE_AND_SCRIPT_BYTES_MAX = 40 * 1024, REQUESTS_MAX = 5;
const PASSWORD = "correct horse battery", HOSTILE = "<script>document.title='broken'</script> & \"why\"";
const axe = readFileSync(axePath(), "utf8");
const folder = privateFolder(), shots = process.argv[2];
let passed = 0, failed = 0;

const check = (name, ok, detail) => {
  if (ok) passed++;
  else {
    failed++;
    console.log(`FAILED ${name}${detail ? `: ${detail}` : ""}`);
  }
};

// ---- a shop: customers whose orders follow their age, so that a choice by orders leaves the young behind -----------------------------

const evenhand = (words, input) => execFileSync(process.env.EVENHAND, words, { encoding: "utf8", cwd: folder, input });
const people = Array.from({ length: 400 }, (_, i) => ({ key: `p-${i}`, age: 20 + (i * 7) % 50, orders: i === 40 || i === 45 ? 30 : ((i * 7) % 50 > 25 ? 6 : 1) + (i % 3) }));
writeFileSync(join(folder, "customers.csv"), `customer_id,age,orders\n${people.map((p) => `${p.key},${p.age},${p.orders}\n`).join("")}`);
writeFileSync(join(folder, "training.csv"), `orders,age,visited\n${Array.from({ length: 900 }, (_, i) => `${i % 9},${20 + (i * 11) % 50},${(i * 7) % 10 < i % 9 ? 1 : 0}\n`).join("")}`);
mkdirSync(join(folder, "campaigns"));
const campaign = (name, text) => writeFileSync(join(folder, "campaigns", `${name}.yaml`), text);
campaign("news", "title: News & <b>offers</b>\nchannel: email\nchoose: { by: everyone }\noffers: { news: { says: what is new } }\n");
campaign("few", "title: For a few\nchannel: email\nmost: 12\nchoose: { by: random }\noffers: { few: { says: a small present } }\n");
campaign("boots", "title: Boots\nchannel: email\nmost: 150\nchoose: { by: model, outcome: visited }\noffers: { boots: { says: 10 % off boots, model: visits } }\n");
writeFileSync(join(folder, "evenhand.yaml"), `shop: { name: "Blue Finch <Outdoor>", contact: care@bluefinch.example, address: "1 Quay, Cork", language: en }
profiling: on
sources:
  customers: { read: customers.csv, key: customer_id }
protected:
  age_band: { value: customers.age, bands: [45] }
features:
  orders: { value: customers.orders, says: "you ordered {value} times", from_whom: "your orders with us", changeable: true }
outcome: { visited: "customers.orders > 4" }
`);
const policy = (version, limit) => `policy: finch
version: ${version}
owner: ethics@bluefinch.example
review_by: ${new Date(Date.now() + 20 * 86400e3).toISOString().slice(0, 10)}
facts:
  lawful_basis: { type: string, values: [none, consent], says: "what is recorded" }
  orders: { type: int, says: "how often the person ordered" }
rules:
  - { id: agreed, effect: permit, when: "lawful_basis != 'none'", law: [BASIS-1], explanation: { en: "You agreed." }, tests: [ { facts: { lawful_basis: consent }, applies: true }, { facts: { lawful_basis: none }, applies: false } ] }
  - { id: enough, effect: forbid, when: "orders > ${limit}", law: [MANIP-2], explanation: { en: "Who orders a lot is left in peace <i>." }, tests: [ { facts: { orders: 99 }, applies: true }, { facts: { orders: 0 }, applies: false } ] }
guards:
  - { id: equal-chances, measure: selection_rate_ratio, by: ["*"], tolerance: 0.8, confidence: 0.95, cannot_tell: ask, law: [FAIR-1], explanation: { en: "Every group gets it about as often." } }
`;
writeFileSync(join(folder, "policy.yaml"), policy(1, 20));
const TEAM = { max: "marketer", ina: "analyst", ada: "ethics owner", una: "ethics owner", root: "admin", vic: "viewer" };
for (const [name, role] of Object.entries(TEAM)) evenhand(["team", "add", name, "--role", role, ...(name === "una" ? [] : ["--trained"])], `${PASSWORD}\n`);
mkdirSync(join(folder, ".evenhand", "models"), { recursive: true });
evenhand(["train", ".evenhand/models/visits.json", "--data", "training.csv", "--label", "visited", "--features", "orders", "--changeable", "orders", "--protected", "age > 45 AS age_band",
  "--constraint", "selection_rate<=0.2", "--frontier", "--folds", "2", "--bags", "8", "--rounds", "60", "--report", ".evenhand/reports/training-visits", "--quiet"]);
evenhand(["keys", "make", "--name", "bluefinch.example/evenhand"]);
evenhand(["vault", "import", "--reason", "a test"]);
writeFileSync(join(folder, "consents.csv"), `key,purpose,channel,said,at,how,wording,version\n${people.slice(0, 390).map((p) => `${p.key},marketing,email,yes,2026-01-05T09:00:00Z,form,Yes please.,1\n`).join("")}`);
evenhand(["import", "consent", "consents.csv", "--jurisdiction", "IE", "--quiet"]);
for (const day of ["2026-02-01", "2026-03-01"]) spawnSync(process.env.EVENHAND, ["check", "--now", `${day}T09:00:00Z`, "--quiet"], { cwd: folder });
spawnSync(process.env.EVENHAND, ["audit", "customers.csv", "--decision", "orders > 4", "--by", "CASE WHEN age < 45 THEN 'under 45' ELSE '45 and over' END AS age_band", "--format", "json", "--output", ".evenhand/reports/audit-2026-01-10", "--quiet"], { cwd: folder });

const server = spawn(process.env.EVENHAND, ["serve", "--listen", "0"], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
const origin = await new Promise((resolve, reject) => {
  let said = "";
  server.stdout.on("data", (bytes) => {
    said += bytes;
    const found = /http:\/\/[0-9.:]+/.exec(said);
    if (found) resolve(found[0]);
  });
  server.on("exit", (code) => reject(new Error(`evenhand serve ended with ${code}`)));
});
const link = (key, page, ...about) => evenhand(["link", key, "--for", page, "--origin", origin, ...about]).trim();

/** Everybody signs in by the form once; a second window of theirs has the session already. A password takes its time by intent. */
const sessions = {};
const signIn = async (browser, name, options = {}) => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 }, ...options, storageState: sessions[name] }), page = await context.newPage();
  await page.goto(`${origin}/team`);
  if (!sessions[name]) {
    await page.fill("#name", name);
    await page.fill("#password", PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${origin}/team`);
    sessions[name] = await context.storageState();
  }
  return { context, page };
};
const says = async (page, text) => (await page.textContent("main")).includes(text);

// ---- campaigns ------------------------------------------------------------------------------------------------------------------------

/** Plans a campaign by its button and ends on the page of the plan. */
const plan = async (page, name) => {
  await page.goto(`${origin}/team/campaigns/${name}`);
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const text = (await page.textContent("main")).slice(0, 300);
  if (!page.url().includes("/team/plans/") || !text) throw new Error(`${name}: ${text}`);
  return new URL(page.url()).pathname;
};

const releaseByOne = async (browser) => {
  const { context, page } = await signIn(browser, "max");
  await page.goto(`${origin}/team/campaigns`);
  check("campaigns: drafts are listed as such", (await page.getByText("draft", { exact: true }).count()) === 3);
  check("campaigns: a title is one text", (await page.getByRole("link", { name: "News & <b>offers</b>" }).count()) === 1);
  const path = await plan(page, "news");
  check("plan: made by its button", path.startsWith("/team/plans/news-") && (await says(page, "The plan is made")) && (await says(page, "may go out")), await page.textContent(".gate"));
  check("plan: ten people as examples", (await page.locator("article").count()) === 10, `${await page.locator("article").count()}`);
  check("plan: hidden groups, and what the policy asks of the whole plan", (await page.locator("#hidden h2").textContent()).startsWith("Hidden groups") &&
    (await page.locator("#guards tbody tr").count()) === 1 && (await page.locator("#guards").textContent()).includes("at least 0.80"));
  check("plan: no script runs, so no chart shows, and the tables do", (await page.locator(".chart:visible").count()) === 0 && (await page.locator("table").count()) > 3);
  await page.getByRole("button", { name: "Release it" }).click();
  check("release: one person, when the guards let it go", (await says(page, "It is released")) && (await says(page, "people get something")));
  const list = await context.request.get(`${origin}${path}/send.csv`);
  check("release: the send list", list.status() === 200 && (await list.text()).includes("p-1"), `${list.status()}`);
  const token = await page.locator("input[name=form_token]").first().getAttribute("value");
  const again = await context.request.post(`${origin}${path}/release`, { form: { form_token: token } });
  check("release: only once", again.status() === 409, `${again.status()}`);
  await context.close();
  return path;
};

const releaseByTwo = async (browser) => {
  const { context, page } = await signIn(browser, "max");
  const path = await plan(page, "few");
  check("two: the guards cannot tell", await says(page, "needs a person"));
  const token = await page.locator("input[name=form_token]").first().getAttribute("value");
  const alone = await context.request.post(`${origin}${path}/release`, { form: { form_token: token } });
  check("two: nobody releases it alone", alone.status() === 403 && (await alone.text()).includes("a person decides"), `${alone.status()}`);
  check("two: who asks may not answer", (await context.request.post(`${origin}${path}/answer`, { form: { form_token: token, answer: "approve", note: "x" } })).status() === 403);
  await page.fill("#reason", HOSTILE);
  await page.getByRole("button", { name: "Ask for approval" }).click();
  check("two: it is asked", (await says(page, "Your question is noted")) && (await says(page, HOSTILE)));
  const untrained = await signIn(browser, "una");
  await untrained.page.goto(`${origin}${path}`);
  check("two: nobody untrained answers", (await says(untrained.page, "training for approving is not on record")) && (await untrained.page.getByRole("button", { name: "Approve and release" }).count()) === 0);
  const form = { form_token: await untrained.page.locator("input[name=form_token]").first().getAttribute("value"), answer: "approve", note: "x" };
  check("two: nor by a request of their own", (await untrained.context.request.post(`${origin}${path}/answer`, { form })).status() === 403);
  await untrained.context.close();
  const phone = await signIn(browser, "ada", { hasTouch: true, isMobile: true });
  check("two: it is first on the other's list", (await says(phone.page, "asks to release")) && (await phone.page.getByRole("link", { name: "Decide" }).count()) === 1);
  await phone.page.getByRole("link", { name: "Decide" }).tap();
  await phone.page.fill("#note", "Twelve people, drawn by lot.");
  const button = await phone.page.getByRole("button", { name: "Approve and release" }).boundingBox();
  check("two: the button is large enough for a thumb", button.width >= 200 && button.height >= 44, JSON.stringify(button));
  await phone.page.getByRole("button", { name: "Approve and release" }).tap();
  await phone.page.waitForURL(/done=released/);
  check("two: a phone approves, and it goes out", (await says(phone.page, "It is released")) && (await says(phone.page, "Approved by ada")));
  await phone.context.close();
  await context.close();
};

const refuse = async (browser) => {
  const { context, page } = await signIn(browser, "ina");
  const path = await plan(page, "boots");
  check("stopped: the guards stop it", await says(page, "stopped"));
  await page.fill("#reason", "Boots are for the old.");
  await page.getByRole("button", { name: "Ask for approval" }).click();
  const other = await signIn(browser, "root");
  await other.page.goto(`${origin}${path}`);
  await other.page.fill("#note", "No: repair it.");
  await other.page.getByRole("button", { name: "Refuse" }).click();
  check("stopped: refused, and told why", (await says(other.page, "It is refused")) && (await says(other.page, "No: repair it.")));
  await other.context.close();
  await page.goto(`${origin}/team/campaigns/boots`);
  await page.check("input[name=repair]");
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  check("stopped: planned again so that it mends itself", (await says(page, "repair")), await page.textContent(".gate"));
  await context.close();
};

/** A person calls a fact wrong: the team sees what is right and which plans decided on it; closing the request plans those campaigns again. */
const correct = async (browser, released) => {
  const max = await signIn(browser, "max"), rows = (await (await max.context.request.get(`${origin}${released}/send.csv`)).text()).trim().split("\n").map((row) => row.split(","));
  const [person, decision] = ["person", "decision"].map((name) => rows[1][rows[0].indexOf(name)]);
  const customer = await (await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } })).newPage();
  await customer.goto(`${link(person, "why", "--about", decision)}/wrong?fact=orders`);
  await customer.fill("#value", "17 <i>");
  await customer.getByRole("button").first().click();
  const { context, page } = await signIn(browser, "root");
  check("correction: it is due, and says so on the first page", (await says(page, "asks for correction")));
  await page.goto(`${origin}/team/people`);
  const row = page.locator("tr", { hasText: person });
  check("correction: what is right, and what was decided on what is wrong", (await row.textContent()).includes("orders is 17 <i>") && /[12] plans? that waits? decided on what is wrong/.test(await row.textContent()), await row.textContent());
  const plans = async () => (await (await context.request.get(`${origin}/team/campaigns/boots`)).text()).split('href="/team/plans/boots-').length - 1, before = await plans();
  await row.getByRole("button", { name: "It is right at its source" }).click();
  check("correction: the plans that wait are made again", await says(page, "The plans that wait for release are made again"), await page.textContent("main"));
  let after = before;
  for (let i = 0; i < 5000 && after === before; i++) after = await plans();
  check("correction: and there is the new one", after === before + 1, `${before} plans, then ${after}`);
  check("correction: no request waits", !(await says(page, person)));
  await page.goto(`${origin}/team/people?key=${person}`);
  check("correction: kept with the person", (await page.locator("h3:text-is('What they have put right')").count()) === 1 && (await says(page, "17 <i>")));
  await customer.context().close();
  await max.context.close();
  await context.close();
};

/** What was asked, answered and released stands in the ledger, with both names. */
const ledgerTells = async (browser) => {
  const { context, page } = await signIn(browser, "root");
  await page.goto(`${origin}/team/ledger`);
  const size = Number((await page.locator("dt:text-is('Entries') + dd").textContent()).replaceAll(",", "")), found = [];
  for (let from = people.length; from < size; from += 40)
    found.push(...(await Promise.all(Array.from({ length: Math.min(40, size - from) }, async (_, i) => (await context.request.get(`${origin}/team/ledger/${from + i}`)).text()))));
  const approvals = found.filter((text) => text.includes("<h1>approval</h1>"));
  check("ledger: asked, approved and refused are entries", approvals.length >= 3, `${approvals.length} of ${found.length}`);
  check("ledger: the approval has both names and the reason", approvals.some((text) => text.includes("approved by") && text.includes("max") && text.includes("ada") && text.includes("Twelve people")));
  await page.goto(`${origin}/team/ledger`);
  await page.getByRole("button", { name: "Verify all of it now" }).click();
  check("ledger: it holds", await says(page, "All is well."));
  await context.close();
};

// ---- the policy ------------------------------------------------------------------------------------------------------------------------

const review = async (browser) => {
  const tickets = [];
  for (let i = 0; i < 3; i++) {
    const customer = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await customer.goto(link(`p-${300 + i}`, "choices").replace("/choices/", "/feedback/"));
    await customer.check("[value=unfair]");
    await customer.fill("#words", "Not again & <b>again</b>");
    await customer.getByRole("button", { name: "Send" }).click();
    tickets.push(customer);
  }
  const first = await signIn(browser, "ada");
  check("review: a theme over its threshold calls for one", (await says(first.page, "the policy is to be reviewed")));
  await first.page.goto(`${origin}/team/policy`);
  check("policy: rules in words, as text", (await says(first.page, "Who orders a lot is left in peace <i>.")));
  check("policy: what a rule stopped", (await first.page.locator("#rule-enough td.number").first().textContent()) !== "0");
  await first.page.goto(`${origin}/team/feedback`);
  await first.page.getByRole("link", { name: "Review" }).first().click();
  check("review: begun from the theme, with its count", (await first.page.inputValue("#findings")).includes("3 people call") && (await first.page.inputValue("#theme")).startsWith("unfair:"));
  check("review: the evidence is there to read", (await says(first.page, "decisions asked again")) && (await says(first.page, "over its threshold")) && (await says(first.page, "complained or called it")));
  await first.page.fill("#text0", "Ask less often | really");
  await first.page.fill("#owner0", "ada");
  await first.page.fill("#due0", "2027-05-01");
  await first.page.fill("#change", "We ask at most once a month.");
  await first.page.fill("#next", "2020-01-01");
  await first.page.getByRole("button", { name: "Sign as the first of two" }).click();
  check("review: a next date in the past is refused", await says(first.page, "must lie in the future"));
  await first.page.goBack();
  await first.page.fill("#next", "2027-06-01");
  await first.page.getByRole("button", { name: "Sign as the first of two" }).click();
  check("review: it waits for a second", (await says(first.page, "waits for a second signer")) && (await first.page.getByRole("button", { name: "Sign as the second" }).count()) === 0);
  const path = new URL(first.page.url()).pathname, token = await first.page.locator("input[name=form_token]").first().getAttribute("value");
  check("review: nobody signs twice", (await first.context.request.post(`${origin}${path}`, { form: { form_token: token, act: "sign" } })).status() === 403);
  const second = await signIn(browser, "root");
  await second.page.getByRole("link", { name: "Sign", exact: true }).click();
  await second.page.getByRole("button", { name: "Sign as the second" }).click();
  check("review: signed by two", await says(second.page, "signed by two"));
  await second.page.getByRole("link", { name: "The record in the ledger" }).click();
  check("review: the record is in the ledger", (await second.page.textContent("h1")) === "policy.review" && (await says(second.page, "2027-06-01")));
  await tickets[0].reload();
  check("review: who wrote is told what changed", (await tickets[0].textContent("main")).includes("We ask at most once a month."));
  await second.page.goto(`${origin}/team`);
  check("review: the theme is dealt with", !(await says(second.page, "in four weeks: the policy is to be reviewed")));
  writeFileSync(join(folder, "policy.yaml"), policy(2, 25));
  await second.page.goto(`${origin}/team/policy/versions`);
  check("policy: what changed from version to version", (await says(second.page, "From version 1 to 2")) && (await says(second.page, "orders > 25")));
  await first.context.close();
  await second.context.close();
};

// ---- search, charts, what every page must be ---------------------------------------------------------------------------------------------

const search = async (browser) => {
  const { context, page } = await signIn(browser, "ada", { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } });
  await page.keyboard.press("/");
  await page.keyboard.type("boots", { delay: 5 });
  await page.waitForSelector("#found [role=option]");
  check("search: what fits is listed while one types", (await page.locator("#found").textContent()).includes("Boots") && (await page.getAttribute("#q", "aria-expanded")) === "true");
  await page.keyboard.press("ArrowDown");
  check("search: the arrow marks the first", (await page.getAttribute("#q", "aria-activedescendant")) === "found-0");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/team\/(campaigns|plans)\//);
  await page.keyboard.press("/");
  await page.keyboard.type("zzzz");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/team\/find/);
  check("search: nothing of that name", await says(page, "Nothing of that name"));
  for (const [wanted, place] of [["p-17", "/team/people?key=p-17"], ["visits", "/team/models/visits"], ["enough", "/team/policy#rule-enough"]]) {
    await page.goto(`${origin}/team/find?q=${wanted}`);
    check(`search: ${wanted} leads there at once`, page.url() === origin + place, page.url());
  }
  const viewer = await signIn(browser, "vic");
  await viewer.page.goto(`${origin}/team/find?q=p-17`);
  check("search: people are found only by who may see them", await says(viewer.page, "Nothing of that name"));
  await viewer.context.close();
  await context.close();
};

const charts = async (page, place) => {
  await page.waitForFunction(() => [...document.querySelectorAll("[data-chart]")].every((one) => one.querySelector("canvas")));
  const facts = await page.evaluate(() => {
    const all = [...document.querySelectorAll("[data-chart]")], tables = [...document.querySelectorAll("table")];
    return { count: all.length, named: all.filter((one) => one.getAttribute("role") === "img" && one.getAttribute("aria-label").length > 20).length,
      tabled: all.filter((one) => tables.some((table) => one.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING)).length };
  });
  check(`${place}: each chart has words and a table after it`, facts.named === facts.count && facts.tabled === facts.count, JSON.stringify(facts));
  return facts.count;
};

const violations = async (page) => {
  await page.evaluate(axe);
  const result = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
  if (result.passes.length < 8) throw new Error(`axe found only ${result.passes.length} rules to apply: it has not seen the page`);
  return result.violations.map((found) => `${found.id} (${found.nodes.length}): ${found.nodes[0].html.slice(0, 200)} ${found.nodes[0].failureSummary}`);
};

/** 640 px at twice the size of everything is 200 % zoom of a screen of 1280. */
const SCREENS = [{ width: 320, scheme: "light" }, { width: 640, scheme: "light", zoom: 2 }, { width: 1280, scheme: "dark" }, ...(shots ? [{ width: 390, scheme: "dark" }, { width: 1280, scheme: "light" }] : [])];

/** One page on one screen, in a window of its own that shares cache and session with the others of that screen. Returns how many charts it has. */
const inspect = async (context, { width, scheme }, name, [path, status = 200]) => {
  const page = await context.newPage(), seen = [], complaints = [], bodies = [];
  let bytes = 0, page_bytes = 0;
  const weigh = async (response) => {
    const body = await response.body().catch(() => Buffer.alloc(0));
    if (response.request().resourceType() === "document") page_bytes += body.length;
    else if (!response.url().includes("/echarts.")) bytes += body.length;
  };
  page.on("response", (response) => bodies.push(weigh(response)));
  page.on("request", (request) => seen.push(request.url()));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && !(status !== 200 && message.text().startsWith("Failed to load resource")) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  const response = await page.goto(origin + path, { waitUntil: "load" });
  const place = `${name} at ${width} ${scheme}`;
  check(`${place}: it is there`, response.status() === status, `${response.status()}`);
  const drawn = await charts(page, place);
  await Promise.all(bodies);
  check(`${place}: nothing from elsewhere, within the policy of the server`, complaints.length === 0 && seen.every((url) => url.startsWith(origin) || url.startsWith("data:")), complaints.join("; ") || seen.join(" "));
  check(`${place}: at most ${REQUESTS_MAX} requests`, seen.filter((url) => !url.startsWith("data:")).length <= REQUESTS_MAX, seen.join(" "));
  check(`${place}: the chart library only where there is a chart`, seen.some((url) => url.includes("/echarts.")) === (drawn > 0));
  check(`${place}: small`, page_bytes > 0 && bytes > 0 && page_bytes <= PAGE_BYTES_MAX && bytes <= STYLE_AND_SCRIPT_BYTES_MAX, `${page_bytes} and ${bytes} bytes`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`${place}: no sideways scrolling`, overflow <= 0, `${overflow} px`);
  const hidden = await page.evaluate(() => [...document.querySelectorAll(".scroll")].filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1).map((one) => one.getAttribute("aria-label")));
  check(`${place}: a table shows all its columns`, width > 320 || hidden.length === 0, hidden.join(", "));
  const beyond = await page.evaluate(() => [...document.querySelectorAll(".card")].flatMap((card) => [...card.querySelectorAll("*")].filter((one) => !one.closest(".scroll, .hidden") &&
    one.getBoundingClientRect().right > card.getBoundingClientRect().right + 1).map((one) => `${one.tagName} ${one.textContent.slice(0, 40)}`)));
  check(`${place}: nothing runs past its card`, beyond.length === 0, beyond.join("; "));
  const unreachable = await page.evaluate(() => [...document.querySelectorAll("table")].filter((table) => table.closest("[role=region]")?.tabIndex !== 0).length);
  check(`${place}: every table can be reached with the keyboard`, unreachable === 0);
  check(`${place}: no text became an element`, !(await page.evaluate(() => document.title)).includes("broken") && (await page.locator("main b, main i, main img").count()) === 0);
  if (shots) await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
  if (width !== 640) {
    const found = await violations(page);
    check(`${place}: axe`, found.length === 0, found.join("\n    "));
  }
  await page.close();
  return drawn;
};

/** Every page on every screen, the screens beside each other. Returns how many charts each page has. */
const inspectAll = async (browser, pages, storageState) => {
  const drawn = {};
  if (shots) mkdirSync(shots, { recursive: true });
  await Promise.all(SCREENS.map(async (screen) => {
    const { width, scheme, zoom } = screen;
    const context = await browser.newContext({ viewport: { width, height: 900 }, deviceScaleFactor: zoom ?? 1, colorScheme: scheme, reducedMotion: "reduce", storageState });
    for (const [name, path] of Object.entries(pages)) drawn[name] = await inspect(context, screen, name, [path].flat());
    await context.close();
  }));
  return drawn;
};

/** Tabs to what has this name, as often as it takes; fields are named by their label. */
const reach = async (page, name) => {
  for (let i = 0; i < 90; i++) {
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      return one === null || one === document.body ? "" : (one.labels?.[0] ?? one).firstChild?.textContent?.trim() || one.textContent.trim();
    });
    if (at === name) return true;
    await page.keyboard.press("Tab");
  }
  return false;
};

/** Where the focus is can be seen: a ring of at least two pixels around it. */
const ring = (page) => page.evaluate(() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2;
});

const keyboard = async (browser, released) => {
  const { context, page } = await signIn(browser, "max", { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } });
  await page.keyboard.press("Tab");
  check("keyboard: first comes the way to the content", (await page.evaluate(() => document.activeElement.textContent)) === "To the content");
  check("keyboard: to the campaigns", (await reach(page, "Campaigns")) && (await ring(page)));
  await page.keyboard.press("Enter");
  await page.waitForURL(/campaigns$/);
  check("keyboard: to one of them", await reach(page, "For a few"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/campaigns\/few/);
  check("keyboard: to its plan button", (await reach(page, "Plan")) && (await ring(page)));
  await page.keyboard.press("Enter");
  await page.waitForURL(/team\/plans\/few/);
  check("keyboard: planned", (await says(page, "The plan is made")) && released.length > 0);
  check("keyboard: to the reason", await reach(page, "Why it should go out all the same"));
  await page.keyboard.type("By keyboard alone.");
  check("keyboard: to the question", await reach(page, "Ask for approval"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=asked/);
  const path = new URL(page.url()).pathname;
  await context.close();
  const ada = await signIn(browser, "ada", { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } });
  await ada.page.goto(`${origin}/team`);
  check("keyboard: first what is asked", await reach(ada.page, "Decide"));
  await ada.page.keyboard.press("Enter");
  await ada.page.waitForURL(`${origin}${path}`);
  check("keyboard: to the note", await reach(ada.page, "Why you decide so"));
  await ada.page.keyboard.type("Seen, by keyboard.");
  check("keyboard: to the answer", await reach(ada.page, "Approve and release"));
  await ada.page.keyboard.press("Enter");
  await ada.page.waitForURL(/done=released/);
  check("keyboard: released by two", await says(ada.page, "Approved by ada"), await ada.page.textContent(".gate"));
  await answerByKeyboard(ada.page);
  await lookUpByKeyboard(ada.page);
  await ada.context.close();
};

/** The person reads the answer and what it led to, under the ticket. */
const answerByKeyboard = async (page) => {
  const customer = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await customer.goto(link("p-250", "choices").replace("/choices/", "/feedback/"));
  await customer.check("[value=creepy]");
  await customer.fill("#words", "How do you know?");
  await customer.getByRole("button", { name: "Send" }).click();
  await page.goto(`${origin}/team/feedback`);
  check("keyboard: to a piece of feedback, with the day it is due", (await reach(page, "Answer")) && (await says(page, "days left")));
  await page.goto(`${origin}${await page.locator("li", { hasText: "How do you know?" }).locator("a").getAttribute("href")}`);
  check("keyboard: to the answer's words", await reach(page, "What you say to the person"));
  await page.keyboard.type("From your orders.");
  check("keyboard: to what it led to", await reach(page, "This led to"));
  await page.keyboard.type("We now say so in the message.");
  check("keyboard: to sending it", await reach(page, "Send the answer"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=answered/);
  check("feedback: what it led to stands on the page", await says(page, "We now say so in the message."));
  await customer.reload();
  check("feedback: who wrote reads the answer and the change", (await customer.textContent("main")).includes("From your orders.") && (await customer.textContent("main")).includes("We now say so in the message."));
  await customer.context().close();
};

const lookUpByKeyboard = async (page) => {
  await page.goto(`${origin}/team/ledger`);
  check("ledger: the checkpoint to keep", /bluefinch\.example\/evenhand\n\d+\n/.test(await page.textContent("pre")));
  check("keyboard: to the field of the ledger", await reach(page, "Look up an entry by its id or number"));
  await page.keyboard.type("0");
  await page.keyboard.press("Enter");
  await page.waitForURL(/team\/ledger\/0$/);
  check("ledger: the entry is shown", await says(page, "Place in the log"), page.url());
};

const browser = await openBrowser();
try {
  const released = await releaseByOne(browser);
  await releaseByTwo(browser);
  await refuse(browser);
  await correct(browser, released);
  await ledgerTells(browser);
  await review(browser);
  await search(browser);
  await keyboard(browser, released);
  const { context } = await signIn(browser, "ada"), state = await context.storageState();
  const waiting = readdirSync(join(folder, ".evenhand", "plans")).find((name) => name.startsWith("boots"));
  const pages = { today: "/team", campaigns: "/team/campaigns", campaign: "/team/campaigns/boots", plan: `/team/plans/${waiting}`, released, fairness: "/team/fairness", models: "/team/models", model: "/team/models/visits",
    data: "/team/data", policy: "/team/policy", versions: "/team/policy/versions", review: "/team/policy/review", feedback: "/team/feedback", people: "/team/people?key=p-1", ledger: "/team/ledger", entry: "/team/ledger/0", roles: "/team/roles", find: "/team/find?q=o",
    piece: /href="(\/team\/feedback\/[^"]+)"/.exec(await (await context.request.get(`${origin}/team/feedback`)).text())[1], door: "/team/sign-in", missing: ["/team/plans/none", 404] };
  const drawn = await inspectAll(browser, pages, state);
  for (const name of ["plan", "fairness", "model", "data", "policy", "feedback"]) check(`${name}: there are charts`, drawn[name] > 0);
  const card = await context.request.get(`${origin}/team/models/visits/card`);
  check("card: a document of its own, without script", card.status() === 200 && card.headers()["content-security-policy"].startsWith("default-src 'none'; style-src 'unsafe-inline'"));
} finally {
  await browser.close();
  server.kill("SIGTERM");
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
