// The pages of `evenhand serve` in a real browser: every journey of a customer and of the team, without and with JavaScript, on a narrow screen,
// by keyboard. $EVENHAND is the program. Ends with 77 when there is no browser.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { axePath, needBrowser, openBrowser, privateFolder } from "./browser.mjs";
import { checkRules } from "./rules.mjs";

needBrowser();

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PAGE_BYTES_MAX = 30 * 1024, REQUESTS_MAX = 5; // the page, two styles, the shop's own style and its logo
const PASSWORD = "correct horse battery";
const axe = readFileSync(axePath(), "utf8");
const folder = privateFolder();
const shots = process.argv[2]; /* a folder for pictures; none by default */
let passed = 0, failed = 0;

const check = (name, ok, detail) => {
  if (ok) passed++;
  else {
    failed++;
    console.log(`FAILED ${name}${detail ? `: ${detail}` : ""}`);
  }
};

// ---- a shop, its team, its server -------------------------------------------------------------------------------------------------

const evenhand = (words, input) => execFileSync(process.env.EVENHAND, words, { encoding: "utf8", cwd: folder, input });

const planned = Array.from({ length: 24 }, (_, i) => `p-${i}`);
writeFileSync(join(folder, "customers.csv"), `customer_id,age,orders\nc-1,34,2\nc-2,51,0\nc-3,27,5\n${planned.map((key, i) => `${key},${20 + i * 2},${i % 9}\n`).join("")}`);
writeFileSync(join(folder, "training.csv"), `orders,visited\n${Array.from({ length: 600 }, (_, i) => `${i % 9},${(i * 7) % 10 < i % 9 ? 1 : 0}\n`).join("")}`);
mkdirSync(join(folder, "campaigns"));
writeFileSync(join(folder, "campaigns", "boots.yaml"), "title: Boots\nchannel: email\nmost: 12\nchoose: { by: model, outcome: visited }\noffers: { boots: { says: 10 % off boots, model: visits } }\n");
writeFileSync(join(folder, "evenhand.yaml"), `shop: { name: "Blue Finch <Outdoor>", contact: care@bluefinch.example, address: "1 Quay, Cork", language: en }
profiling: on
sources:
  customers: { read: customers.csv, key: customer_id }
protected:
  age_band: { value: customers.age, bands: [18, 25, 35, 50, 65] }
features:
  orders: { value: customers.orders, says: "you ordered {value} times", from_whom: "your orders with us", changeable: true }
outcome: { visited: "customers.orders > 4" }
`);
// The shop's own look and words.
const ACCENT = "#7a1f4b", LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 24" width="90" height="24"><rect width="90" height="24" rx="4" fill="#7a1f4b"/></svg>';
mkdirSync(join(folder, "pages"));
writeFileSync(join(folder, "pages", "look.yaml"), `accent: "${ACCENT}"\nlogo: finch.svg\nlogo_says: Blue Finch\ncorners: 4\n`);
writeFileSync(join(folder, "pages", "finch.svg"), LOGO);
writeFileSync(join(folder, "pages", "words.en.yaml"), 'choices_lead: "It is up to you what {shop} may do. A change counts at once."\n');
for (const [name, role] of [["ada", "ethics owner"], ["vic", "viewer"]]) evenhand(["team", "add", name, "--role", role, "--trained"], `${PASSWORD}\n`);

/** A plan that has gone out: the decision about each person who got something. */
const release = () => {
  mkdirSync(join(folder, ".evenhand", "models"), { recursive: true });
  evenhand(["train", ".evenhand/models/visits.json", "--data", "training.csv", "--label", "visited", "--changeable", "orders", "--folds", "0", "--quiet"]);
  evenhand(["keys", "make", "--name", "bluefinch.example/evenhand"]);
  evenhand(["vault", "import", "--reason", "a test"]);
  for (const key of planned) evenhand(["person", "consent", key, "--channel", "email", "--how", "form", "--wording", "Yes, write to me.", "--wording-version", "1", "--control", "tick"]);
  const plan = spawnSync(process.env.EVENHAND, ["plan", "boots", "--format", "json", "--output", "plan.json", "--quiet"], { cwd: folder, encoding: "utf8" });
  if (![0, 1, 3].includes(plan.status)) throw new Error(`evenhand plan: ${plan.stderr}`);
  evenhand(["release", JSON.parse(readFileSync(join(folder, "plan.json"), "utf8")).plan, "--approved-by", "ada", "--output", "send.csv"]);
  const [head, ...lines] = readFileSync(join(folder, "send.csv"), "utf8").trim().split("\n").map((line) => line.split(","));
  return lines.map((line) => ({ person: line[head.indexOf("person")], decision: line[head.indexOf("decision")] }));
};
const sent = release();

const server = spawn(process.env.EVENHAND, ["serve", "--listen", "0"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
const origin = await new Promise((resolve, reject) => {
  let said = "";
  server.stdout.on("data", (bytes) => {
    said += bytes;
    const found = /http:\/\/[0-9.:]+/.exec(said);
    if (found) resolve(found[0]);
  });
  server.on("exit", (code) => reject(new Error(`evenhand serve ended with ${code}`)));
});
const link = (key, page, about) => evenhand(["link", key, "--for", page, "--origin", origin, ...(about ? ["--about", about] : [])]).trim();

// ---- what every page must be ------------------------------------------------------------------------------------------------------

const violations = async (page) => {
  await page.evaluate(axe);
  const result = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
  if (result.passes.length < 8) throw new Error(`axe found only ${result.passes.length} rules to apply: it has not seen the page`);
  return result.violations.map((found) => `${found.id} (${found.nodes.length}): ${found.nodes[0].html.slice(0, 200)} ${found.nodes[0].failureSummary}`);
};

const inspect = async (browser, name, address, cookies = []) => {
  for (const [width, scheme] of [[320, "light"], [1280, "light"], [1280, "dark"]]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: true, reducedMotion: "reduce" });
    await context.addCookies(cookies);
    const page = await context.newPage(), seen = [], complaints = [];
    page.on("request", (request) => seen.push(request.url()));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    const response = await page.goto(address);
    const place = `${name} at ${width} ${scheme}`, found = await violations(page);
    check(`${place}: axe`, found.length === 0, found.join("\n    "));
    check(`${place}: nothing from elsewhere`, seen.every((url) => url.startsWith(origin) || url.startsWith("data:")), seen.join(" "));
    check(`${place}: no complaint`, complaints.length === 0 || !response.ok(), complaints.join("; "));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`${place}: no sideways scrolling`, overflow <= 0, `${overflow} px`);
    const small = await page.evaluate(() => [...document.querySelectorAll("button, input:not([type=hidden]), .button")].filter((e) => e.getClientRects().length && (e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24)).map((e) => e.outerHTML.slice(0, 80)));
    check(`${place}: targets of 24 px`, small.length === 0, small.join(" "));
    if (shots) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
    await context.close();
  }
};

const weigh = async (name, address) => {
  const page = await (await fetch(address)).text(), styles = [...page.matchAll(/(?:href|src)="(\/(?:assets|look)\/[^"]+)"/g)].map((found) => found[1]);
  let bytes = page.length;
  for (const style of styles) bytes += (await (await fetch(origin + style)).arrayBuffer()).byteLength;
  check(`${name}: under 30 KB with its style`, bytes <= PAGE_BYTES_MAX, `${bytes} bytes`);
  check(`${name}: few requests`, 1 + styles.length <= REQUESTS_MAX, `${1 + styles.length}`);
  check(`${name}: no script`, !page.includes("<script"));
};

// ---- journeys -------------------------------------------------------------------------------------------------------------------------

const choices = async (browser, javaScriptEnabled) => {
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 320, height: 700 } }), page = await context.newPage();
  const who = javaScriptEnabled ? "c-1" : "c-2", name = `choices ${javaScriptEnabled ? "with" : "without"} JavaScript`;
  await page.goto(link(who, "choices"));
  await page.getByRole("button", { name: "Allow E-mail" }).click();
  check(`${name}: allowed`, (await page.textContent("[role=status]")).includes("Allowed: E-mail"));
  await page.getByRole("button", { name: "Stop E-mail" }).click();
  check(`${name}: stopped in as many steps`, (await page.textContent("[role=status]")).includes("Stopped: E-mail"));
  await page.getByRole("button", { name: "Switch AI off" }).click();
  check(`${name}: AI off`, (await page.textContent("main")).includes("AI is off."));
  await page.getByRole("button", { name: "Switch AI on" }).click();
  check(`${name}: AI on again`, (await page.textContent("main")).includes("A computer model may choose"));
  await page.getByRole("button", { name: "Stop everything" }).click();
  check(`${name}: everything stopped`, !(await page.textContent("main")).includes("You said yes"));
  await context.close();
};

const unsubscribe = async (browser) => {
  const address = link("c-3", "unsubscribe", "email"), page = await browser.newPage();
  const state = async () => {
    await page.goto(link("c-3", "choices"));
    return (await page.locator(".switch").first().textContent()).includes("You said no");
  };
  await fetch(address);
  await fetch(address, { method: "HEAD" });
  check("unsubscribe: a GET changes nothing", !(await state()));
  const wrong = await fetch(address, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "x=1" });
  check("unsubscribe: another POST changes nothing", wrong.status === 400 && !(await state()));
  const click = await fetch(address, { method: "POST", redirect: "manual", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "List-Unsubscribe=One-Click" });
  check("unsubscribe: one click, no redirect, no cookie", click.status === 200 && !click.headers.get("set-cookie"), `${click.status}`);
  check("unsubscribe: it counts at once", await state());
  await page.close();
};

const data = async (browser) => {
  const context = await browser.newContext({ javaScriptEnabled: false }), page = await context.newPage(), address = link("c-1", "data");
  await page.goto(address);
  check("data: what was said is shown", (await page.textContent("main")).includes("said yes: E-mail"));
  const person = await (await fetch(`${address}/person.json`)).json();
  check("data: JSON to take along", JSON.stringify(person).includes("c-1"));
  check("data: a table to take along", (await (await fetch(`${address}/person.csv`)).text()).split("\n").length > 3);
  await page.fill("#field", "city");
  await page.fill("#value", "Cork <b>");
  await page.getByRole("button", { name: "Send the correction" }).click();
  check("data: corrected", (await page.textContent("main")).includes("We have noted it"));
  await page.goto(address);
  await page.getByRole("button", { name: "Erase everything" }).click();
  check("data: not erased by mistake", (await page.textContent("main")).includes("Nothing was erased"));
  await page.goto(address);
  await page.check("[name=sure]");
  await page.getByRole("button", { name: "Erase everything" }).click();
  check("data: erased", (await page.textContent("main")).includes("is gone"));
  await page.goto(address);
  check("data: nothing is left", !(await page.textContent("main")).includes("said yes"));
  check("data: a link to choices does not open data", (await fetch(address.replace(/\/data\/.*/, "/data/") + link("c-2", "choices").split("/").pop())).status === 404);
  await context.close();
};

const signIn = async (browser, name, options = {}) => {
  const context = await browser.newContext(options), page = await context.newPage();
  await page.goto(`${origin}/team`);
  await page.fill("#name", name);
  await page.fill("#password", PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${origin}/team`);
  return { context, page };
};

const feedback = async (browser) => {
  const customer = await (await browser.newContext({ javaScriptEnabled: false, locale: "de-DE" })).newPage();
  await customer.goto(link("c-2", "choices").replace("/choices/", "/feedback/"));
  await customer.check("[value=unfair]");
  await customer.fill("#words", "Warum <script>alert(1)</script> nicht ich?");
  await customer.getByRole("button", { name: "Senden" }).click();
  const ticket = customer.url();
  check("feedback: a ticket with a day", /\/ticket\//.test(ticket) && (await customer.textContent("main")).includes("Ein Mensch liest es"));
  const { context, page } = await signIn(browser, "ada", { javaScriptEnabled: false });
  check("today: it waits", (await page.textContent("main")).includes("Warum <script>alert(1)</script> nicht ich?"));
  await page.getByRole("link", { name: "Answer" }).first().click();
  await page.fill("#answer", "Danke. Es lag an einer Regel.");
  await page.fill("#change", "Die Regel ist weg.");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await customer.reload();
  check("feedback: the person reads answer and change", (await customer.textContent("main")).includes("Die Regel ist weg."));
  await page.goto(`${origin}/team/ledger`);
  await page.goto(`${origin}/team/people?key=c-2`);
  check("people: one person", (await page.textContent("main")).includes("withdraw"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto(`${origin}/team`);
  check("team: signed out", page.url().endsWith("/team/sign-in"));
  await context.close();
};

const door = async (browser) => {
  const page = await browser.newPage();
  await page.goto(`${origin}/team/people`);
  check("door: nobody gets in unasked", page.url().endsWith("/team/sign-in"));
  await page.fill("#name", "ada");
  await page.fill("#password", "wrong password");
  await page.keyboard.press("Enter");
  check("door: a wrong password is told", (await page.textContent("[role=alert]")).includes("do not belong together"));
  await page.close();
  const { context, page: viewer } = await signIn(browser, "vic");
  check("roles: a viewer may not see people", (await viewer.goto(`${origin}/team/people`)).status() === 403);
  check("roles: nor is offered to", (await viewer.getByRole("link", { name: "People" }).count()) === 0);
  await viewer.goto(`${origin}/team`);
  await viewer.keyboard.press("/");
  check("keyboard: / goes to the search", await viewer.evaluate(() => document.activeElement?.type === "search"));
  const cookies = await context.cookies();
  check("cookie: HttpOnly, strict, for the team alone", cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Strict" && cookie.path === "/team"));
  const forged = await context.request.post(`${origin}/team/sign-out`, { form: { form_token: "guessed" } });
  check("forms: a guessed token is refused", forged.status() === 403, `${forged.status()}`);
  await context.close();
};

const why = async (browser) => {
  const { person, decision } = sent[0], address = link(person, "why", decision);
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(address);
  const text = await page.textContent("main");
  check("why: whose it is, that a program chose, and the reasons", text.includes("This is an ad from") && text.includes("A computer program chose") && text.includes("You ordered"));
  check("why: what was not used", text.includes("age_band") || text.includes("age band"));
  check("why: another person's decision is not shown", (await fetch(link(sent[1].person, "why", decision))).status === 404);
  await page.getByRole("button", { name: "Stop AI choosing for me" }).click();
  check("why: AI is off with one press", page.url().includes("/choices/") && (await page.textContent("main")).includes("AI is off."));
  await page.goto(address);
  check("why: the page is the same later", (await page.textContent("main")) === text);
  await page.getByRole("button", { name: "Tell us what you think" }).click();
  check("why: feedback is one press away", page.url().includes("/feedback/"));
  await page.close();
};

/** What a person can do about a decision besides saying no. */
const dispute = async (browser) => {
  const { person, decision } = sent[3], address = link(person, "why", decision);
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(address);
  await page.getByRole("button", { name: /^This is wrong You ordered/ }).click();
  check("dispute: what is wrong is known", (await page.textContent("main")).includes("It is about this: orders"));
  await page.fill("#value", "7 <b>orders</b>");
  await page.getByRole("button", { name: "Send the correction" }).click();
  check("dispute: a correction with a day", /puts it right and answers by .*20\d\d/.test(await page.textContent("main")), await page.textContent("main"));
  const shown = JSON.parse(evenhand(["person", "export", person]));
  check("dispute: the correction is on record", JSON.stringify(shown).includes("7 <b>orders</b>"));
  await page.goto(`${address}/wrong?fact=age`);
  check("dispute: a fact that is not used cannot be asked about", (await page.textContent("main")).includes("do not use such a fact"));
  for (const [button, says] of [["Ask a person to look at it", "Ask for it"], ["See or correct my data", "Ask for my data"]]) {
    await page.goto(address);
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("button", { name: says }).click();
    check(`dispute: ${button}: with a day`, /by \w+ \d+, 20\d\d/.test(await page.textContent("main")), await page.textContent("main"));
  }
  const waiting = evenhand(["person", "requests"]);
  check("dispute: the team sees all three", ["correction", "review", "access"].every((kind) => waiting.includes(kind)), waiting);
  const proof = await fetch(`${address}/proof`);
  writeFileSync(join(folder, "proof.txt"), await proof.text());
  const checked = spawnSync(process.env.EVENHAND, ["ledger", "verify-proof", "proof.txt", "--vkey", ".evenhand/ledger/public/vkey"], { cwd: folder, encoding: "utf8" });
  check("dispute: the proof holds", proof.headers.get("content-disposition").includes("attachment") && checked.status === 0, checked.stderr);
  check("dispute: nobody else's proof", (await fetch(`${link(sent[4].person, "choices").replace("/choices/", "/why/")}/proof`)).status === 404);
  const receipt = await fetch(`${link(person, "data")}/receipt.jsonld`);
  writeFileSync(join(folder, "receipt.jsonld"), await receipt.text());
  check("dispute: the receipt is signed", evenhand(["receipt", "verify", "receipt.jsonld"]).length > 0);
  check("dispute: nothing said, no receipt", (await fetch(`${link("c-77", "data")}/receipt.jsonld`)).status === 404);
  await page.close();
};

const ownLook = async (browser) => {
  const page = await browser.newPage();
  await page.goto(link("c-8", "choices"));
  const facts = await page.evaluate(() => ({ accent: getComputedStyle(document.documentElement).getPropertyValue("--accent").trim(), logo: document.querySelector(".shop img")?.naturalWidth,
    says: document.querySelector(".shop img")?.alt, lead: document.querySelector(".lead").textContent }));
  check("look: the shop's colour, logo and words", facts.accent === ACCENT && facts.logo > 0 && facts.says === "Blue Finch" && facts.lead.startsWith("It is up to you what Blue Finch"), JSON.stringify(facts));
  await page.close();
  const dark = await browser.newPage({ colorScheme: "dark" });
  await dark.goto(link("c-8", "choices"));
  check("look: a lighter one in the dark", (await dark.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent").trim())) !== ACCENT);
  await dark.close();
};

const register = async () => {
  const text = await (await fetch(`${origin}/ai/campaigns`)).text();
  check("register: the campaign that went out", text.includes("Boots") && text.includes(`${sent.length} people`) && text.includes("An AI helped to choose"), text.slice(0, 400));
  check("register: nobody is named", !planned.some((key) => text.includes(`${key}<`)));
  check("AI page: the last check", (await (await fetch(`${origin}/ai`)).text()).includes("Boots"));
};

const keyboard = async (browser) => {
  const page = await browser.newPage();
  await page.goto(link("c-9", "choices"));
  await page.keyboard.press("Tab");
  check("keyboard: first comes the way to the content", (await page.evaluate(() => document.activeElement.textContent)) === "To the content");
  for (let i = 0; i < 12 && !(await page.evaluate(() => document.activeElement.textContent.includes("Allow E-mail"))); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=status]");
  check("keyboard: a choice is made", (await page.textContent("[role=status]")).includes("Allowed: E-mail"));
  await page.close();
};

const signals = async (browser) => {
  const gpc = await fetch(`${origin}/.well-known/gpc.json`), document = await gpc.json();
  check("gpc.json", gpc.headers.get("content-type").startsWith("application/json") && document.gpc === true && !Number.isNaN(Date.parse(document.lastUpdate)));
  const context = await browser.newContext({ extraHTTPHeaders: { "Sec-GPC": "1" } }), page = await context.newPage();
  await page.goto(link("c-4", "choices"));
  check("GPC: shown as honoured", (await page.textContent("main")).includes("Opt-Out Request Honored"));
  check("GPC: AI is off with it", (await page.textContent("main")).includes("AI is off."));
  await context.close();
};

const languages = async () => {
  for (const [accepted, language, says] of [["de-AT,en;q=0.5", "de", "Ihre Wahl"], ["fr", "fr", "Vos choix"], ["es-MX", "es", "Sus opciones"], ["ja", "en", "Your choices"]]) {
    const text = await (await fetch(link("c-5", "choices"), { headers: { "accept-language": accepted } })).text();
    check(`language ${accepted}`, text.includes(`<html lang="${language}"`) && text.includes(says));
    check(`language ${accepted}: nothing is missing`, !text.includes("\u00ab"));
  }
};

const links = async () => {
  const good = link("c-6", "choices"), token = good.split("/").pop();
  check("links: a changed one opens nothing", (await fetch(good.replace(token, token.slice(0, -1) + (token.endsWith("A") ? "B" : "A")))).status === 404);
  check("links: a cut one opens nothing", (await fetch(good.slice(0, -5))).status === 404);
  check("links: the key is not in it", !Buffer.from(token, "base64url").toString("latin1").includes("c-6"));
};

const browser = await openBrowser();
try {
  await choices(browser, true);
  await choices(browser, false);
  await unsubscribe(browser);
  await data(browser);
  await feedback(browser);
  await door(browser);
  await why(browser);
  await dispute(browser);
  await ownLook(browser);
  await register();
  await keyboard(browser);
  await signals(browser);
  await languages();
  await links();
  const pages = { why: link(sent[2].person, "why", sent[2].decision), choices: link("c-7", "choices"), unsubscribe: link("c-7", "unsubscribe", "email"), data: link("c-2", "data"), ai: `${origin}/ai`,
    wrong: `${link(sent[2].person, "why", sent[2].decision)}/wrong?fact=orders`, review: `${link(sent[2].person, "why", sent[2].decision)}/ask/review`, register: `${origin}/ai/campaigns`,
    feedback: link("c-7", "choices").replace("/choices/", "/feedback/"), missing: `${origin}/nothing` };
  for (const [name, address] of Object.entries(pages)) {
    await weigh(name, address);
    await inspect(browser, name, address);
  }
  await checkRules({ browser, check, why: pages.why, pages, dated: ["why", "data", "register"] });
  await inspect(browser, "sign-in", `${origin}/team/sign-in`);
  const { context } = await signIn(browser, "ada"), cookies = await context.cookies();
  for (const room of ["", "/feedback", "/people?key=c-2", "/ledger"]) await inspect(browser, `team${room.replace(/\W+/g, "-")}`, `${origin}/team${room}`, cookies);
} finally {
  await browser.close();
  server.kill("SIGTERM");
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
