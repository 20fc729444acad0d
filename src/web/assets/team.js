/* Draws what the tables say, and searches while one types. Without this file every page works as well. */
"use strict";
(() => {
  /* ---- charts: an element with data-chart names a JSON block; its kind says how it is drawn --------------------------------------- */
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => ["--accent", "--chart-2", "--chart-4", "--chart-5", "--chart-6", "--chart-7", "--chart-8", "--chart-3"].map(css);
  const minus = (text) => text.replace("-", "\u2212");
  const formats = {
    percent: (v) => minus(`${(100 * v).toFixed(1)} %`),
    count: (v) => Math.round(v).toLocaleString("en-GB"),
    change: (v) => minus(`${(100 * v).toFixed(1)} %`), /* a share that may be below zero */
    score: (v) => minus(v.toFixed(3)),
  };
  const shown = (v, format) => (v === null || v === undefined || Number.isNaN(v) ? "\u2013" : formats[format](v));
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}\u2026` : text);

  const shared = (data, narrow) => ({
    animation: false,
    color: palette(),
    textStyle: { color: css("--ink"), fontFamily: "inherit", fontSize: 13 },
    tooltip: { renderMode: "richText", backgroundColor: css("--paper"), borderColor: css("--line"), textStyle: { color: css("--ink"), fontSize: 13 }, confine: true },
    legend: { bottom: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, textStyle: { color: css("--ink-quiet") }, type: "scroll", show: (data.series || []).length > 1 },
    grid: { left: 8, right: narrow ? 16 : 28, top: 16, bottom: (data.series || []).length > 1 ? 40 : 12, containLabel: true },
  });
  const valueAxis = (format, more) => ({ type: "value", axisLabel: { color: css("--ink-quiet"), formatter: (v) => formats[format](v).replace(".0 %", " %") }, splitLine: { lineStyle: { color: css("--line") } }, splitNumber: 4, ...more });
  const nameAxis = (names, most, more) => ({ type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: css("--field-line") } },
    axisLabel: { color: css("--ink"), interval: 0, formatter: (name) => short(name, most) }, ...more });
  /* A bar from low to high with ends, for every point; `place` tells where a point stands. */
  const whiskers = (points, colour, vertical, offset = 0) => ({
    type: "custom", data: points, silent: true, encode: vertical ? { x: 0, y: [1, 2] } : { x: [1, 2], y: 0 }, z: 3, tooltip: { show: false }, itemStyle: { color: colour }, legendHoverLink: false,
    renderItem: (params, api) => {
      const at = api.value(0), low = api.value(1), high = api.value(2);
      if (Number.isNaN(low) || Number.isNaN(high)) return null;
      const from = vertical ? api.coord([at, low]) : api.coord([low, at]), to = vertical ? api.coord([at, high]) : api.coord([high, at]);
      const [dx, dy] = vertical ? [offset, 0] : [0, offset], end = 4;
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1: x1 + dx, y1: y1 + dy, x2: x2 + dx, y2: y2 + dy }, style: { stroke: colour, lineWidth: 2 } });
      return { type: "group", children: [line(...from, ...to),
        vertical ? line(from[0] - end, from[1], from[0] + end, from[1]) : line(from[0], from[1] - end, from[0], from[1] + end),
        vertical ? line(to[0] - end, to[1], to[0] + end, to[1]) : line(to[0], to[1] - end, to[0], to[1] + end)] };
    },
  });
  const between = (data, i) => `${shown(data.values[i], data.format)}\n${shown(data.low[i], data.format)} to ${shown(data.high[i], data.format)}`;

  const kinds = {
    /* horizontal bars, stacked when there are several series */
    bars: (data, narrow) => ({ height: 60 + 34 * data.names.length,
      options: { ...shared(data, narrow), xAxis: valueAxis(data.format), yAxis: nameAxis(data.names, narrow ? 18 : 44, { inverse: true }),
        tooltip: { ...shared(data).tooltip, trigger: "axis", axisPointer: { type: "shadow" }, formatter: (rows) => [data.names[rows[0].dataIndex], ...rows.map((row) => `${row.seriesName}: ${shown(row.value, data.format)}`)].join("\n") },
        series: data.series.map((one, i) => ({ type: "bar", name: one.name, stack: "all", data: one.values, barMaxWidth: 22, itemStyle: data.series.length > 1 && i === 1 ? { color: css("--chart-rest") } : {} })) } }),
    /* two bars beside each other for every name */
    pairs: (data, narrow) => ({ height: 70 + 48 * data.names.length,
      options: { ...shared(data, narrow), xAxis: valueAxis(data.format), yAxis: nameAxis(data.names, narrow ? 18 : 44, { inverse: true }),
        tooltip: { ...shared(data).tooltip, trigger: "axis", axisPointer: { type: "shadow" }, formatter: (rows) => [data.names[rows[0].dataIndex], ...rows.map((row) => `${row.seriesName}: ${shown(row.value, data.format)}`)].join("\n") },
        series: data.series.map((one, i) => ({ type: "bar", name: one.name, data: one.values, barMaxWidth: 14, itemStyle: { color: i === 0 && data.format === "count" ? css("--chart-rest") : i === 0 ? css("--accent") : data.format === "count" ? css("--accent") : css("--chart-2") } })) } }),
    /* standing bars over time, stacked */
    stacks: (data, narrow) => ({ height: 260,
      options: { ...shared(data, narrow), color: [css("--bad"), css("--chart-3"), css("--chart-rest"), css("--line")], xAxis: nameAxis(data.names, 16, { axisLabel: { color: css("--ink-quiet"), hideOverlap: true } }),
        yAxis: valueAxis(data.format, { minInterval: 1 }), tooltip: { ...shared(data).tooltip, trigger: "axis" },
        series: data.series.map((one) => ({ type: "bar", name: one.name, stack: "all", data: one.values, barMaxWidth: 44 })) } }),
    /* a point with its interval for every name */
    forest: (data, narrow) => ({ height: 60 + 34 * data.names.length,
      options: { ...shared(data, narrow), xAxis: valueAxis(data.format, data.format === "percent" ? { min: 0 } : { scale: true }), yAxis: nameAxis(data.names, narrow ? 18 : 40, { inverse: true, axisLine: { onZero: false, lineStyle: { color: css("--field-line") } } }),
        tooltip: { ...shared(data).tooltip, formatter: (point) => `${data.names[point.dataIndex]}: ${between(data, point.dataIndex)}` },
        series: [whiskers(data.values.map((_, i) => [i, data.low[i], data.high[i]]), css("--accent"), false), { type: "scatter", symbolSize: 10, z: 4, data: data.values.map((v, i) => [v, i]) }] } }),
    /* a line with intervals for every series, over time; the series stand a little beside each other so that no interval hides another */
    bands: (data, narrow) => { const aside = (i) => (data.series.length < 2 ? 0 : (i / (data.series.length - 1) - 0.5) * Math.min(0.3, 0.07 * data.series.length));
      return { height: 280,
      options: { ...shared(data, narrow), legend: { ...shared(data).legend, data: data.series.map((one) => one.name) },
        xAxis: { type: "value", min: -0.5, max: data.days.length - 0.5, interval: 0.5, splitLine: { show: false }, axisTick: { show: false }, axisLine: { lineStyle: { color: css("--field-line") } },
          axisLabel: { color: css("--ink-quiet"), hideOverlap: true, formatter: (at) => (Number.isInteger(at) ? (data.days[at] ?? "").split("\n")[0] : "") } }, yAxis: valueAxis(data.format, { min: 0, axisLine: { show: false }, axisTick: { show: false } }),
        tooltip: { ...shared(data).tooltip, formatter: (point) => `${data.days[point.dataIndex].replace("\n", ", ")}\n${point.seriesName}: ${between({ ...data.series.find((one) => one.name === point.seriesName), format: data.format }, point.dataIndex)}` },
        series: data.series.flatMap((one, i) => { const colour = palette()[i % 8];
          return [{ type: "line", name: one.name, data: one.values.map((v, k) => [k + aside(i), v]), color: colour, symbolSize: 8, symbol: ["circle", "rect", "triangle", "diamond", "roundRect", "pin"][i % 6], lineStyle: { width: 2 }, connectNulls: true },
            { ...whiskers(one.values.map((_, k) => [k + aside(i), one.low[k], one.high[k]]), colour, true), name: one.name }]; }) } }; },
    /* one moment: a point with its interval for every series */
    points: (data, narrow) => kinds.forest({ ...data, names: data.series.map((one) => one.name), values: data.series.map((one) => one.values[0]), low: data.series.map((one) => one.low[0]), high: data.series.map((one) => one.high[0]), series: undefined }, narrow),
    /* what each step of a number adds: a stair with its error as a band */
    steps: (data, narrow) => ({ height: 240,
      options: { ...shared(data, narrow), grid: { ...shared(data, narrow).grid, bottom: 8 }, xAxis: nameAxis(data.names, 20, { axisLabel: { color: css("--ink-quiet"), hideOverlap: true, fontSize: 11, formatter: (name) => short(name.replace(" to under ", "\u2013"), 14) }, axisLine: { onZero: false, lineStyle: { color: css("--field-line") } } }), yAxis: valueAxis("score", { scale: true, axisLabel: { color: css("--ink-quiet"), formatter: (v) => minus(v.toFixed(1)) } }),
        tooltip: { ...shared(data).tooltip, trigger: "axis", formatter: (rows) => `${data.names[rows[0].dataIndex]}\n${between(data, rows[0].dataIndex)}` },
        series: [{ type: "line", step: "middle", data: data.low, lineStyle: { opacity: 0 }, symbol: "none", stack: "band", silent: true, stackStrategy: "all" },
          { type: "line", step: "middle", data: data.high.map((h, i) => h - data.low[i]), lineStyle: { opacity: 0 }, areaStyle: { color: css("--accent"), opacity: 0.18 }, symbol: "none", stack: "band", silent: true, stackStrategy: "all" },
          { type: "line", step: "middle", data: data.values, color: css("--accent"), lineStyle: { width: 2.5 }, symbol: "none", z: 4, markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: css("--field-line"), type: "dashed" }, data: [{ yAxis: 0 }] } }] } }),
    /* points on a curve */
    curve: (data, narrow) => ({ height: 280,
      options: { ...shared(data, narrow), grid: { ...shared(data, narrow).grid, bottom: 28, left: 20 }, xAxis: valueAxis("score", { name: data.x_says, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: css("--ink-quiet") }, axisLabel: { color: css("--ink-quiet"), formatter: (v) => minus(v.toFixed(2)) }, scale: true }),
        yAxis: valueAxis("score", { name: data.y_says, nameTextStyle: { color: css("--ink-quiet") }, scale: true }), tooltip: { ...shared(data).tooltip, formatter: (point) => `${data.y_says} ${point.value[1].toFixed(4)}\n${data.x_says} ${point.value[0].toFixed(4)}` },
        series: [{ type: "line", data: data.x.map((x, i) => [x, data.y[i]]).sort((a, b) => a[0] - b[0]), symbolSize: 9, color: css("--accent") }] } }),
  };

  const drawn = [];
  const draw = (place) => {
    const block = document.getElementById(place.dataset.chart);
    if (!block || !window.echarts) return;
    const data = JSON.parse(block.textContent), made = kinds[data.kind]?.(data, place.parentElement.clientWidth < 480);
    if (!made) return;
    place.hidden = false;
    place.style.height = `${made.height}px`;
    const old = window.echarts.getInstanceByDom(place);
    if (old) old.dispose();
    const chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption(made.options);
    if (!drawn.includes(place)) drawn.push(place);
  };
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
  const again = () => drawn.forEach(draw);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    again();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

  /* ---- wide tables on a phone: each row becomes a small list, every cell below the words of its column; they stay tables to who listens ------------- */
  const LONG_TEXT = 28, COLUMNS_SIDE_BY_SIDE_MAX = 3;
  for (const table of document.querySelectorAll(".scroll > table")) {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
    if (heads.length <= COLUMNS_SIDE_BY_SIDE_MAX) continue;
    table.parentElement.classList.add("stacks");
    for (const [selector, role] of [["thead, tbody", "rowgroup"], ["tr", "row"], ["thead th", "columnheader"], ["tbody th", "rowheader"], ["td", "cell"]])
      for (const part of table.querySelectorAll(selector)) part.setAttribute("role", role);
    table.setAttribute("role", "table");
    for (const row of table.querySelectorAll("tbody tr"))
      [...row.children].forEach((cell, i) => {
        if (cell.tagName === "TD") cell.dataset.label = heads[i] ?? "";
        if (!cell.classList.contains("number") && cell.textContent.length > LONG_TEXT) cell.classList.add("long");
      });
  }

  /* ---- search: "/" goes there; what fits is listed while one types -------------------------------------------------------------------- */
  const field = document.querySelector(".find input[type=search]");
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || !field || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  if (!field) return;
  const list = document.createElement("ul");
  Object.assign(list, { id: "found", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Found");
  field.closest("form").append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "found"]]) field.setAttribute(name, value);
  let at = -1, asked = 0;
  const mark = (next) => {
    const options = [...list.children];
    at = options.length === 0 ? -1 : (next + options.length) % options.length;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) field.setAttribute("aria-activedescendant", options[at].id);
    else field.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    at = -1;
  };
  const show = (hits) => {
    list.replaceChildren(...hits.map((hit, i) => {
      const option = document.createElement("li"), kind = document.createElement("span");
      option.id = `found-${i}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.path = hit.path;
      kind.textContent = hit.kind;
      option.append(hit.title, kind);
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        location.assign(hit.path);
      });
      return option;
    }));
    list.hidden = hits.length === 0;
    field.setAttribute("aria-expanded", String(hits.length > 0));
    at = -1;
  };
  field.addEventListener("input", async () => {
    const mine = ++asked, wanted = field.value.trim();
    if (wanted.length < 2) return close();
    try {
      const answer = await fetch(`/team/find.json?q=${encodeURIComponent(wanted)}`, { headers: { accept: "application/json" } });
      if (answer.ok && mine === asked) show((await answer.json()).hits.slice(0, 8));
    } catch { close(); }
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      location.assign(list.children[at].dataset.path);
    } else if (event.key === "Escape") {
      close();
    }
  });
  field.addEventListener("blur", close);
})();
