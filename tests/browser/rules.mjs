// The rules that a page "Why did I get this?" keeps, and those of all customers' pages, checked on the pages as a browser shows them: what stands on the
// first screen, that what was not used is listed, dates in words in four languages, from the right to the left, at 200 and 400 % zoom, large letters.

const FIRST_SCREEN_WORDS_MAX = 80, SENTENCE_WORDS_MAX = 20;
const LANGUAGES = ["en", "de", "fr", "es"];
const JARGON = /\b(feature|propensity|logit|regression|classifier|algorithm|uplift|covariate|inference)s?\b/i;
const MONTHS = {
  en: /\b(January|February|March|April|May|June|July|August|September|October|November|December)\b/,
  de: /\b(Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b/,
  fr: /\b(janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)/,
  es: /\b(enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\b/,
};
const NUMBERED_DATE = /\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b/;

/* The prose: what stands on a button is no part of a sentence. */
const prose = (page) => page.evaluate(() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const button of main.querySelectorAll("button, .button, input, select, textarea")) button.replaceWith("\n");
  for (const block of main.querySelectorAll("p, li, h1, h2, h3, dt, dd, td, th, label, summary, small, br, legend")) block.append("\n");
  return main.textContent;
});
const wordsOf = (text) => text.match(/[\p{L}\p{N}][\p{L}\p{N}’'.@-]*/gu) ?? [];

/** What a page about one decision says, and in which order: rules 2 to 14. */
const whyBlocks = async (check, page) => {
  const blocks = await page.evaluate(() => [...document.querySelectorAll("main section[id]")].map((section) => ({ id: section.id, text: section.innerText })));
  const of = (id) => blocks.find((block) => block.id === id)?.text ?? "";
  const first = blocks.slice(0, blocks.findIndex((block) => block.id === "controls") + 1), count = wordsOf(first.map((block) => block.text).join(" ")).length;
  check("rule 2: the first screen is short", first.length > 0 && count <= FIRST_SCREEN_WORDS_MAX, `${count} words: ${first.map((block) => block.id)}`);
  check("rule 2: it says that it is an ad, from whom, and who chose", /This is an ad from Blue Finch/.test(of("what")) && /program chose/.test(first.map((block) => block.text).join(" ")), of("what"));
  const buttons = await page.locator("#controls button").count();
  check("rule 2: two controls on it", buttons >= 2 && buttons <= 3, `${buttons}`);
  check("rule 3: a reason names its datum and where it is from", /You ordered \d times/.test(of("reasons")) && /your orders with us/.test(of("reasons") + of("more_reasons") + of("used")), of("reasons"));
  check("rule 5: what was not used is listed", /age.band/i.test(of("not_used")), of("not_used"));
  for (const [rule, id] of [[4, "used"], [6, "change"], [8, "rules"], [10, "fairness"], [12, "more_controls"], [14, "human"]]) check(`rule ${rule}: the block "${id}" is there`, of(id).length > 0);
  check("rule 6: no change of what nobody can change", !/age|gender/i.test(of("change")), of("change"));
  check("rule 7: beside the reason, a way to say that it is wrong", (await page.locator("main .beside").count()) > 0);
  check("rule 14: a person can be reached", /care@bluefinch\.example/.test(of("human")), of("human"));
};

/** Rule 15. */
const plain = (check, name, text) => {
  const long = text.split(/[.!?:]\s|\n+/).map((sentence) => wordsOf(sentence)).filter((words) => words.length > SENTENCE_WORDS_MAX);
  check(`rule 15: ${name}: sentences of at most ${SENTENCE_WORDS_MAX} words`, long.length === 0, long.map((words) => words.join(" ")).join(" | "));
  check(`rule 15: ${name}: no words of the trade`, !JARGON.test(text), JARGON.exec(text)?.[0]);
};

const overflowOf = (page) => page.evaluate(() => {
  const root = document.documentElement, wide = root.scrollWidth - root.clientWidth;
  return wide <= 0 ? "" : `${wide} px: ${[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 || e.getBoundingClientRect().left < -1).slice(0, 3).map((e) => e.outerHTML.slice(0, 90))}`;
});

/** Rule 16: a screen of 1280 px at 200 and 400 % shows 640 and 320 px; letters alone at 200 %. */
const zoomed = async (check, browser, name, address) => {
  for (const [zoom, letters] of [[2, 1], [4, 1], [2, 2]]) {
    const context = await browser.newContext({ viewport: { width: 1280 / zoom, height: 900 / zoom }, deviceScaleFactor: zoom, bypassCSP: true, javaScriptEnabled: true }), page = await context.newPage();
    await page.goto(address);
    if (letters !== 1) await page.addStyleTag({ content: `:root { font-size: ${letters * 100}% !important; }` });
    const wide = await overflowOf(page);
    check(`rule 16: ${name} at ${zoom * 100} % zoom, letters ${letters * 100} %: nothing is cut off`, wide === "", wide);
    await context.close();
  }
};

/** Rule 16: from the right to the left, in a language of that direction. */
const fromTheRight = async (check, browser, name, address) => {
  const context = await browser.newContext({ viewport: { width: 320, height: 700 }, bypassCSP: true }), page = await context.newPage();
  await page.goto(address);
  const before = await page.evaluate(() => document.querySelector("h1, h2, p.lead, main p")?.getBoundingClientRect().left);
  await page.evaluate(() => {
    document.documentElement.dir = "rtl";
    document.documentElement.lang = "ar";
    for (const heading of document.querySelectorAll("h1, h2, p")) if (heading.children.length === 0) heading.textContent = "يمكنك إيقاف هذه الرسائل في أي وقت 12 مايو";
  });
  const wide = await overflowOf(page);
  check(`rule 16: ${name} from the right: nothing is cut off`, wide === "", wide);
  const astray = await page.evaluate(() => [...document.querySelectorAll("main h1, main h2, main p, main li, .shop, .foot p")].filter((e) => !["right", "start"].includes(getComputedStyle(e).textAlign) && getComputedStyle(e).textAlign !== "center").map((e) => e.outerHTML.slice(0, 80)));
  check(`rule 16: ${name} from the right: text begins at the right`, astray.length === 0 && before !== undefined, astray.join(" "));
  const sided = await page.evaluate(() => [...document.querySelectorAll("main *")].filter((e) => {
    const style = getComputedStyle(e);
    return ["left", "right"].includes(style.float) || style.direction !== "rtl";
  }).map((e) => e.outerHTML.slice(0, 80)));
  check(`rule 16: ${name} from the right: no element keeps the other direction`, sided.length === 0, sided.join(" "));
  await context.close();
};

/** Rule 12: to say no takes one press, as to say yes does, on a button that looks the same. */
const asEasy = async (check, browser, address) => {
  const page = await (await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })).newPage();
  const look = (name) => page.getByRole("button", { name }).first().evaluate((button) => {
    const style = getComputedStyle(button);
    return JSON.stringify([style.fontSize, style.fontWeight, style.color, style.backgroundColor, style.borderColor, button.getBoundingClientRect().height, button.getBoundingClientRect().width]);
  });
  await page.goto(address);
  const counts = await page.evaluate(() => [...document.querySelectorAll(".switch")].map((line) => [line.querySelectorAll("form").length, line.querySelectorAll("button").length, line.querySelectorAll("input:not([type=hidden]), select").length].join()));
  check("rule 12: one press for each channel", counts.length >= 6 && counts.every((count) => count === "1,1,0"), counts.join(" "));
  const yes = await look(/^Allow E-mail/);
  await page.getByRole("button", { name: /^Allow E-mail/ }).click();
  const no = await look(/^Stop E-mail/);
  check("rule 12: no looks as yes does", yes === no, `${yes} ${no}`);
  await page.getByRole("button", { name: /^Stop E-mail/ }).click();
  check("rule 12: from when it counts is said", /from now on/.test(await page.textContent("[role=status]")), await page.textContent("[role=status]"));
  await page.context().close();
};

/** Rule 17. */
const quiet = async (check, name, address) => {
  const response = await fetch(address), policy = response.headers.get("content-security-policy") ?? "";
  await response.text();
  check(`rule 17: ${name}: tells nobody`, response.headers.get("referrer-policy") === "no-referrer" && /default-src '(none|self)'/.test(policy) && !/unsafe|https?:/.test(policy), policy);
  check(`rule 17: ${name}: no cookie`, response.headers.get("set-cookie") === null);
};

const inFourLanguages = async (check, name, address, dated) => {
  for (const language of LANGUAGES) {
    const text = (await (await fetch(address, { headers: { "accept-language": language } })).text()).replace(/<head>.*?<\/head>/s, "").replace(/<[^>]+>/g, " ");
    check(`rule 15: ${name} in ${language}: no date in figures alone`, !NUMBERED_DATE.test(text), NUMBERED_DATE.exec(text)?.[0]);
    if (dated) check(`rule 15: ${name} in ${language}: the month is a word`, MONTHS[language].test(text), text.slice(0, 300));
  }
};

/** `why`: the address of a page about one decision; `pages`: name and address of all pages for customers; `dated`: names of those that show a date. */
export const checkRules = async ({ browser, check, why, pages, dated }) => {
  const page = await (await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })).newPage();
  await page.goto(why);
  await whyBlocks(check, page);
  await asEasy(check, browser, pages.choices);
  const texts = await Promise.all([fetch(why), fetch(why)].map(async (response) => (await response).text()));
  check("rule 18: the same page, byte for byte", texts[0] === texts[1]);
  for (const [name, address] of Object.entries(pages)) {
    await page.goto(address);
    plain(check, name, await prose(page));
    await quiet(check, name, address);
    await inFourLanguages(check, name, address, dated.includes(name));
    await zoomed(check, browser, name, address);
    await fromTheRight(check, browser, name, address);
  }
  await page.context().close();
};
