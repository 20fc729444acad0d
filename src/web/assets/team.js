/* Draws what the tables say. Every chart is an element with data-chart, the id of a JSON block that holds ECharts options without functions. */
"use strict";
(() => {
  const styles = getComputedStyle(document.documentElement);
  const colour = (name) => styles.getPropertyValue(name).trim();
  /* "var(--accent)" in the data becomes the colour of the present theme. */
  const themed = (value) => {
    if (typeof value === "string") return value.startsWith("var(") ? colour(value.slice(4, -1)) : value;
    if (Array.isArray(value)) return value.map(themed);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
    return value;
  };
  for (const place of document.querySelectorAll("[data-chart]")) {
    const data = document.getElementById(place.dataset.chart);
    if (!data || !window.echarts) continue;
    place.hidden = false;
    const chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption(themed({ animation: false, textStyle: { color: "var(--ink)", fontFamily: "inherit" }, aria: { enabled: true }, ...JSON.parse(data.textContent) }));
    addEventListener("resize", () => chart.resize());
  }
  /* "/" goes to the search, as in most tools that are open all day. */
  addEventListener("keydown", (event) => {
    const field = document.querySelector("input[type=search]");
    if (event.key !== "/" || !field || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
    event.preventDefault();
    field.focus();
  });
})();
