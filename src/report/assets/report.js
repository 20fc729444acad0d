/* Draws the figures of the report. Every number in them stands in a table beside them: without this script nothing is missing. */
(() => {
  "use strict";

  const figures = JSON.parse(document.getElementById("figures").textContent);
  const drawn = [];
  const NARROW = 640;
  const ROW = 30;

  /* Colours come from the style sheet, so that there is one palette, and dark mode is only another reading of it. */
  const palette = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    const names = ["paper", "paper-quiet", "ink", "ink-quiet", "line", "accent", "band", "within", "violates", "unsure", "heat-low", "heat-high"];
    return Object.fromEntries(names.map((name) => [name, colour(name)]));
  };
  const FONT = getComputedStyle(document.documentElement).fontFamily;
  const VERDICTS = ["within", "unsure", "violates"];
  const VERDICT_WORDS = ["within tolerance", "not enough evidence", "violates"];

  const percent = (share) => (share * 100).toFixed(1) + "\u202f%";
  const ratio = (value) => (value >= 9.995 ? value.toFixed(1) : value >= 0.9995 ? value.toFixed(2) : value.toFixed(3));
  const points = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "") + Math.abs(value * 100).toFixed(1);
  const plain = (value) => value.toFixed(3);
  const known = (value) => typeof value === "number";

  /* A tooltip is made of text nodes; no name is ever read as markup. */
  const tip = (title, lines) => {
    const box = document.createElement("div");
    const head = document.createElement("strong");
    head.textContent = title;
    box.append(head);
    for (const line of lines) {
      const row = document.createElement("div");
      row.textContent = line;
      box.append(row);
    }
    box.style.cssText = "max-width:18rem;white-space:normal;overflow-wrap:anywhere;line-height:1.5";
    return box;
  };

  const base = (colours) => ({
    animation: false,
    textStyle: { fontFamily: FONT, color: colours.ink },
    tooltip: {
      confine: true, transitionDuration: 0, backgroundColor: colours.paper, borderColor: colours.line, borderWidth: 1, padding: [8, 12],
      textStyle: { color: colours.ink, fontFamily: FONT, fontSize: 13 }, extraCssText: "box-shadow:0 4px 16px rgba(0,0,0,.12);border-radius:6px",
    },
  });

  const text = (x, y, value, style) => ({ type: "text", x, y, silent: true, style: { text: value, fontFamily: FONT, fontSize: 12, ...style } });
  const line = (x1, y1, x2, y2, style) => ({ type: "line", silent: true, shape: { x1, y1, x2, y2 }, style });

  /* The same three shapes as in the tables, so that colour is not needed. */
  const marker = (verdict, x, y, colours) => {
    const colour = colours[VERDICTS[verdict]];
    if (verdict === 2) return { type: "polygon", shape: { points: [[x, y - 7], [x + 7, y], [x, y + 7], [x - 7, y]] }, style: { fill: colour } };
    if (verdict === 1) return { type: "circle", shape: { cx: x, cy: y, r: 5 }, style: { fill: colours.paper, stroke: colour, lineWidth: 1.6, lineDash: [2.5, 1.5] } };
    return { type: "circle", shape: { cx: x, cy: y, r: 5.5 }, style: { fill: colour } };
  };

  /* ---- forest plot: rates on the left, ratios on the right, one line per group; on a phone one above the other ---- */

  const nice = (top) => {
    const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((size) => top / size <= 5) || 10 ** Math.ceil(Math.log10(top / 5));
    return { max: Math.ceil(top / step - 1e-9) * step, interval: step };
  };

  const labelWidth = (names, width) => {
    const longest = Math.max(...names.map((name) => Array.from(name).length));
    return Math.round(Math.min(longest * 7.2 + 4, width < NARROW ? width * 0.34 : 240));
  };

  const category = (names, gridIndex, width, colours, shown) => ({
    type: "category", gridIndex, inverse: true, data: names.map((_, index) => index), axisTick: { show: false }, axisLine: { show: false },
    axisLabel: { show: shown, interval: 0, margin: 14, color: colours.ink, fontSize: 13, width, overflow: "truncate", ellipsis: "\u2026",
      formatter: (index) => names[index] },
    splitLine: { show: true, interval: 0, lineStyle: { color: colours.line, opacity: 0.6 } },
  });

  const rateSeries = (figure, colours, show) => ({
    type: "custom", xAxisIndex: 0, yAxisIndex: 0, data: figure.rates.map((rate, index) => [known(rate[0]) ? rate[0] : 0, index]),
    clip: false, z: 5,
    renderItem: (params, api) => {
      const index = api.value(1), rate = figure.rates[index];
      if (!known(rate[0])) {
        const [x, y] = api.coord([0, index]);
        return text(x + 6, y, "not shown", { fill: colours["ink-quiet"], verticalAlign: "middle" });
      }
      const limit = params.coordSys.x + params.coordSys.width;
      const at = (value) => Math.min(api.coord([value, index])[0], limit);
      const [x, y] = api.coord([rate[0], index]);
      const children = [];
      if (known(rate[1])) {
        children.push(line(at(rate[1]), y, known(rate[2]) ? at(rate[2]) : limit, y, { stroke: colours.accent, lineWidth: 4, opacity: 0.38, lineCap: "round" }));
      }
      children.push({ type: "circle", shape: { cx: x, cy: y, r: 4.5 }, style: { fill: colours.accent } });
      return { type: "group", children };
    },
    tooltip: { formatter: ({ dataIndex }) => {
      const rate = figure.rates[dataIndex];
      return tip(figure.names[dataIndex], known(rate[0]) ? [figure.title + ": " + show(rate[0]), known(rate[1]) && known(rate[2]) ? show(rate[1]) + " to " + show(rate[2]) : ""] : ["not shown"]);
    } },
    markLine: known(figure.everybody) ? {
      silent: true, symbol: "none", data: [{ xAxis: figure.everybody }], lineStyle: { color: colours["ink-quiet"], type: [4, 4], width: 1 },
      label: { show: true, position: "start", distance: 4, formatter: "", color: colours["ink-quiet"] },
    } : undefined,
  });

  const ratioRange = (figure) => {
    const ends = figure.ratios.filter(Boolean).flatMap((item) => item.slice(0, 3)).filter((value) => known(value) && value > 0).map(Math.log2);
    const low = Math.floor(Math.min(-1, ...ends)), high = Math.ceil(Math.max(1, ...ends));
    return [Math.max(low, -5), Math.min(high, 5)];
  };

  const ratioSeries = (figure, colours, [min, max]) => ({
    type: "custom", xAxisIndex: 1, yAxisIndex: 1, data: figure.ratios.map((item, index) => [0, index]), clip: false, z: 5,
    renderItem: (params, api) => {
      const index = api.value(1), item = figure.ratios[index];
      const y = api.coord([0, index])[1];
      const place = (value) => api.coord([Math.min(max, Math.max(min, value > 0 ? Math.log2(value) : min)), index])[0];
      if (index === figure.reference) {
        const x = place(1);
        return { type: "group", children: [line(x, y - 8, x, y + 8, { stroke: colours.ink, lineWidth: 2 }),
          text(x + 8, y, "reference", { fill: colours["ink-quiet"], verticalAlign: "middle" })] };
      }
      if (!item) return text(place(1) + 8, y, "not compared", { fill: colours["ink-quiet"], verticalAlign: "middle" });
      const [value, low, high, lowAll, highAll, verdict] = item;
      const colour = colours[VERDICTS[verdict]];
      const from = known(low) ? place(low) : place(0), to = known(high) ? place(high) : place(Infinity);
      const children = [
        line(known(lowAll) ? place(lowAll) : from, y, known(highAll) ? place(highAll) : to, y, { stroke: colour, lineWidth: 1.2 }),
        line(from, y, to, y, { stroke: colour, lineWidth: 4, opacity: 0.4, lineCap: "round" }),
      ];
      if (!known(high) || Math.log2(high) > max) children.push({ type: "polyline", silent: true, shape: { points: [[to - 5, y - 4], [to, y], [to - 5, y + 4]] }, style: { stroke: colour, fill: "none", lineWidth: 1.4 } });
      if (!known(low) || low <= 0 || Math.log2(low) < min) children.push({ type: "polyline", silent: true, shape: { points: [[from + 5, y - 4], [from, y], [from + 5, y + 4]] }, style: { stroke: colour, fill: "none", lineWidth: 1.4 } });
      children.push(marker(verdict, known(value) ? place(value) : place(Infinity), y, colours));
      return { type: "group", children };
    },
    tooltip: { formatter: ({ dataIndex }) => {
      const item = figure.ratios[dataIndex];
      if (!item) return tip(figure.names[dataIndex], [dataIndex === figure.reference ? "reference" : "not compared"]);
      const end = (value) => (known(value) ? ratio(value) : "no upper limit");
      return tip(figure.names[dataIndex], ["ratio to " + figure.referenceName + ": " + end(item[0]), "interval " + end(item[1]) + " to " + end(item[2]),
        "all groups at once " + end(item[3]) + " to " + end(item[4]), VERDICT_WORDS[item[5]]]);
    } },
    markArea: { silent: true, itemStyle: { color: colours.band }, data: [[{ xAxis: Math.log2(figure.tolerance[0]) }, { xAxis: Math.log2(figure.tolerance[1]) }]] },
    markLine: { silent: true, symbol: "none", label: { show: false }, data: [{ xAxis: 0 }], lineStyle: { color: colours["ink-quiet"], type: "solid", width: 1 } },
  });

  const forest = (figure, width, colours) => {
    const narrow = width < NARROW;
    const show = figure.percent ? percent : plain;
    const names = figure.names, rows = names.length, tall = rows * ROW;
    const label = labelWidth(names, width) + 20;
    const top = Math.max(...figure.rates.flatMap((rate) => [rate[0], rate[2]]).filter(known), figure.everybody || 0, 1e-3);
    const { max, interval } = nice(figure.percent ? Math.min(top, 1) : top);
    const range = ratioRange(figure);
    const half = (width - label - 64) / 2;
    const grids = narrow
      ? [{ left: label, right: 20, top: 34, height: tall }, { left: label, right: 20, top: tall + 108, height: tall }]
      : [{ left: label, width: half, top: 34, height: tall }, { left: label + half + 44, width: half, top: 34, height: tall }];
    const axisLabel = { color: colours["ink-quiet"], fontSize: 12, hideOverlap: true };
    const titles = [0, 1].map((index) => ({
      text: index === 0 ? figure.title.charAt(0).toUpperCase() + figure.title.slice(1) : "Ratio to " + figure.referenceName,
      left: grids[index].left - 5, top: grids[index].top - 32, padding: 5,
      textStyle: { fontSize: 13, fontWeight: 600, color: colours.ink, fontFamily: FONT, width: (narrow ? width - label - 20 : half) - 10, overflow: "truncate" },
    }));
    return {
      height: (narrow ? 2 * tall + 108 : tall + 34) + 34,
      option: {
        ...base(colours), title: titles, grid: grids,
        xAxis: [
          { type: "value", gridIndex: 0, min: 0, max, interval, axisLabel: { ...axisLabel, formatter: (value) => (figure.percent ? +(value * 100).toFixed(1) + "\u202f%" : String(+value.toFixed(3))) },
            splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: colours.line } }, axisTick: { show: true, lineStyle: { color: colours.line } } },
          { type: "value", gridIndex: 1, min: range[0], max: range[1], interval: 1, axisLabel: { ...axisLabel, formatter: (value) => String(+(2 ** value).toPrecision(3)) },
            splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: colours.line } }, axisTick: { show: true, lineStyle: { color: colours.line } } },
        ],
        yAxis: [category(names, 0, label - 20, colours, true), category(names, 1, label - 20, colours, narrow)],
        series: [rateSeries(figure, colours, show), ratioSeries(figure, colours, range)],
      },
    };
  };

  /* ---- reliability: one small panel per group ---- */

  const reliability = (figure, width, colours) => {
    const count = figure.names.length;
    const most = width < NARROW ? 2 : width < 900 ? 3 : 4;
    const columns = Math.ceil(count / Math.ceil(count / most));
    const gap = 26, left = 34;
    const side = Math.floor((width - columns * left - (columns - 1) * gap - 8) / columns);
    const size = Math.min(side, 230), step = size + 64;
    const option = { ...base(colours), title: [], grid: [], xAxis: [], yAxis: [], series: [] };
    const axis = (gridIndex) => ({
      type: "value", gridIndex, min: 0, max: 1, interval: 0.5, axisLabel: { color: colours["ink-quiet"], fontSize: 11, formatter: (value) => (value === 0 ? "0" : value === 1 ? "1" : ".5") },
      splitLine: { lineStyle: { color: colours.line } }, axisLine: { show: false }, axisTick: { show: false },
    });
    figure.curves.forEach((curve, index) => {
      const x = (index % columns) * (size + left + gap) + left, y = Math.floor(index / columns) * step + 28;
      option.title.push({ text: figure.names[index], left: x - 5, top: y - 28, textStyle: { fontSize: 13, fontWeight: 600, color: colours.ink, fontFamily: FONT, width: size, overflow: "truncate" } });
      option.grid.push({ left: x, top: y, width: size, height: size });
      option.xAxis.push(axis(index));
      option.yAxis.push(axis(index));
      const place = { xAxisIndex: index, yAxisIndex: index, showSymbol: false };
      option.series.push(
        { ...place, type: "line", silent: true, data: [[0, 0], [1, 1]], lineStyle: { color: colours["ink-quiet"], type: [3, 4], width: 1 } },
        { ...place, type: "line", silent: true, data: figure.everybody.map((point) => [point[0], point[1]]), lineStyle: { color: colours["ink-quiet"], width: 2, opacity: 0.45 } },
        { ...place, type: "custom", silent: true, z: 4, data: curve.map((point) => [point[0], point[1], point[2], point[3]]),
          renderItem: (params, api) => {
            const [px, low] = api.coord([api.value(0), api.value(2)]), high = api.coord([api.value(0), api.value(3)])[1];
            return line(px, low, px, high, { stroke: colours.accent, lineWidth: 3, opacity: 0.35 });
          } },
        { ...place, type: "line", z: 5, showSymbol: true, symbol: "circle", symbolSize: 6, data: curve.map((point) => [point[0], point[1]]),
          lineStyle: { color: colours.accent, width: 1.6 }, itemStyle: { color: colours.accent },
          tooltip: { formatter: ({ dataIndex }) => {
            const point = curve[dataIndex];
            return tip(figure.names[index], ["mean score " + percent(point[0]), "came true " + percent(point[1]), percent(point[2]) + " to " + percent(point[3])]);
          } } },
      );
    });
    return { height: Math.ceil(count / columns) * step, option };
  };

  /* ---- heat map ---- */

  const mix = (low, high, share) => {
    const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const [a, b] = [parts(low), parts(high)];
    return a.map((value, index) => Math.round(value + (b[index] - value) * share));
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  const hatch = (x, y, width, height, gap) => {
    const points = [];
    for (let at = gap; at < width + height; at += gap) {
      points.push([x + Math.max(0, at - height), y + Math.min(at, height), x + Math.min(at, width), y + Math.max(0, at - width)]);
    }
    return points;
  };

  const heatCell = (figure, colours, top, cellWidth) => (params, api) => {
    const [column, row, rate, state] = figure.cells[params.dataIndex];
    const [cx, cy] = api.coord([column, row]);
    const [w, h] = api.size([1, 1]).map((size) => size - 3);
    const x = cx - w / 2, y = cy - h / 2;
    const rgb = known(rate) ? mix(colours["heat-low"], colours["heat-high"], top > 0 ? rate / top : 0) : null;
    const ink = rgb && luminance(rgb) > 0.179 ? "#10202a" : "#ffffff";
    const children = [{ type: "rect", shape: { x, y, width: w, height: h, r: 3 }, style: { fill: rgb ? "rgb(" + rgb.join(",") + ")" : colours.paper, stroke: rgb ? "none" : colours.line, lineWidth: 1 } }];
    if (state === 1) {
      for (const [x1, y1, x2, y2] of hatch(x, y, w, h, 7)) children.push(line(x1, y1, x2, y2, { stroke: ink, lineWidth: 1, opacity: 0.22 }));
    }
    if (state === 4) {
      children.push(line(x, y, x + w, y + h, { stroke: colours["ink-quiet"], lineWidth: 1 }), line(x, y + h, x + w, y, { stroke: colours["ink-quiet"], lineWidth: 1 }));
    }
    if (state === 3) children.push({ type: "rect", silent: true, shape: { x: x + 1, y: y + 1, width: w - 2, height: h - 2, r: 3 }, style: { fill: "none", stroke: colours.ink, lineWidth: 2 } });
    if (known(rate) && cellWidth >= 34) {
      children.push(text(cx, cy, (rate * 100).toFixed(1), { fill: ink, align: "center", verticalAlign: "middle", fontSize: cellWidth < 46 ? 11 : 13, stroke: "rgb(" + rgb.join(",") + ")", lineWidth: state === 1 ? 4 : 0 }));
    }
    if (state === 2) {
      const [dx, dy] = [x + w - 9, y + 9];
      children.push({ type: "polygon", silent: true, shape: { points: [[dx, dy - 4.5], [dx + 4.5, dy], [dx, dy + 4.5], [dx - 4.5, dy]] }, style: { fill: ink } });
    }
    return { type: "group", children };
  };

  const heat = (figure, width, colours) => {
    const label = Math.min(labelWidth(figure.y.groups, width), width < NARROW ? width * 0.3 : 220) + 14;
    const columns = figure.x.groups.length, rows = figure.y.groups.length;
    const name = Math.min(labelWidth(figure.x.groups, width), width < NARROW ? 130 : 190); /* of a column, when there is room for it only slanted */
    const right = Math.max(56, Math.ceil(name * Math.SQRT1_2) - 14); /* so that the last one is whole */
    const needed = label + columns * 40 + right;
    const full = Math.max(Math.min(width, label + columns * 150 + right), Math.min(needed, 4000));
    const cellWidth = (full - label - right) / columns, cellHeight = rows > 24 ? 24 : 40;
    const slanted = cellWidth < 76;
    const rates = figure.cells.map((cell) => cell[2]).filter(known);
    const head = slanted ? Math.ceil(name * Math.SQRT1_2) + 44 : 46;
    const states = ["within tolerance", "not enough evidence", "violates", "reference", "too few people to show", "not compared"];
    return {
      width: full, height: head + rows * cellHeight + 6,
      option: {
        ...base(colours), grid: { left: label, right, top: head, height: rows * cellHeight },
        xAxis: { type: "category", position: "top", data: figure.x.groups.map((_, index) => index), axisTick: { show: false }, axisLine: { show: false },
          axisLabel: { interval: 0, color: colours.ink, fontSize: 13, margin: 8, rotate: slanted ? -45 : 0, align: slanted ? "left" : "center", verticalAlign: slanted ? "middle" : "bottom", width: slanted ? name : cellWidth - 8, overflow: "truncate", ellipsis: "\u2026", formatter: (index) => figure.x.groups[index] },
          name: "", splitArea: { show: false } },
        yAxis: { type: "category", inverse: true, data: figure.y.groups.map((_, index) => index), axisTick: { show: false }, axisLine: { show: false },
          axisLabel: { interval: 0, color: colours.ink, fontSize: 13, margin: 10, width: label - 14, overflow: "truncate", ellipsis: "\u2026", formatter: (index) => figure.y.groups[index] } },
        title: [{ text: figure.y.name + " \u00d7 " + figure.x.name, left: -5, top: slanted ? 0 : -2, textStyle: { fontSize: 13, fontWeight: 600, color: colours.ink, fontFamily: FONT, width: full - 20, overflow: "truncate" } }],
        series: [{
          type: "custom", data: figure.cells.map((cell) => [cell[0], cell[1], known(cell[2]) ? cell[2] : 0]), encode: { x: 0, y: 1 },
          renderItem: heatCell(figure, colours, Math.max(0, ...rates), cellWidth),
          tooltip: { formatter: ({ dataIndex }) => {
            const [column, row, rate, state, people] = figure.cells[dataIndex];
            return tip(figure.y.groups[row] + " & " + figure.x.groups[column], [known(rate) ? (figure.word || "picked") + ": " + percent(rate) : (figure.word || "picked") + ": not shown", people.toLocaleString("en") + " people", figure.word ? "" : states[state]].filter(Boolean));
          } },
        }],
      },
    };
  };

  /* ---- changes since an earlier report ---- */

  const changes = (figure, width, colours) => {
    const label = labelWidth(figure.names, width) + 20;
    const reach = Math.max(0.01, ...figure.changes.flat().filter(known).map(Math.abs));
    const { max, interval } = nice(reach);
    const tall = figure.names.length * ROW;
    return {
      height: tall + 46,
      option: {
        ...base(colours), grid: { left: label, right: 24, top: 6, height: tall },
        xAxis: { type: "value", min: -max, max, interval, axisLabel: { color: colours["ink-quiet"], fontSize: 12, hideOverlap: true, formatter: (value) => points(value).replace(/\.0$/, "") },
          splitLine: { show: false }, axisLine: { show: true, onZero: false, lineStyle: { color: colours.line } }, axisTick: { show: true, lineStyle: { color: colours.line } } },
        yAxis: category(figure.names, 0, label - 20, colours, true),
        series: [{
          type: "custom", data: figure.changes.map((item, index) => [0, index]),
          renderItem: (params, api) => {
            const index = api.value(1), [value, low, high] = figure.changes[index];
            const y = api.coord([0, index])[1], at = (number) => api.coord([Math.max(-max, Math.min(max, number)), index])[0];
            if (!known(value)) return text(at(0) + 8, y, "in one report only", { fill: colours["ink-quiet"], verticalAlign: "middle" });
            const children = known(low) && known(high) ? [line(at(low), y, at(high), y, { stroke: colours.accent, lineWidth: 4, opacity: 0.38, lineCap: "round" })] : [];
            children.push({ type: "circle", shape: { cx: at(value), cy: y, r: 4.5 }, style: { fill: colours.accent } });
            return { type: "group", children };
          },
          tooltip: { formatter: ({ dataIndex }) => {
            const [value, low, high] = figure.changes[dataIndex];
            return tip(figure.names[dataIndex], known(value) ? [points(value) + " points", points(low) + " to " + points(high)] : ["in one report only"]);
          } },
          markLine: { silent: true, symbol: "none", label: { show: false }, data: [{ xAxis: 0 }], lineStyle: { color: colours["ink-quiet"], type: "solid", width: 1 } },
        }],
      },
    };
  };

  /* ---- love plot: standardised differences as they are and with weights ---- */

  const love = (figure, width, colours) => {
    const label = labelWidth(figure.names, width) + 32;
    const reach = Math.min(2, Math.max(0.2, ...figure.points.flatMap((item) => item.slice(0, 2)).filter(known).map(Math.abs)));
    const interval = reach > 1 ? 0.5 : reach > 0.4 ? 0.2 : 0.1;
    const max = Math.ceil(reach / interval - 1e-9) * interval, tall = figure.names.length * ROW;
    const place = (value) => Math.max(-max, Math.min(max, value));
    return {
      height: tall + 46,
      option: {
        ...base(colours), grid: { left: label, right: 24, top: 6, height: tall },
        xAxis: { type: "value", min: -max, max, interval,
          axisLabel: { color: colours["ink-quiet"], fontSize: 12, hideOverlap: true, formatter: (value) => (value < 0 ? "\u2212" : "") + String(+Math.abs(value).toFixed(2)) },
          splitLine: { show: false }, axisLine: { show: true, onZero: false, lineStyle: { color: colours.line } }, axisTick: { show: true, lineStyle: { color: colours.line } } },
        yAxis: category(figure.names, 0, label - 20, colours, true),
        series: [{
          type: "custom", data: figure.points.map((item, index) => [0, index]), z: 5, clip: false,
          renderItem: (params, api) => {
            const index = api.value(1), [now, after] = figure.points[index];
            const at = (value) => api.coord([place(value), index]);
            if (!known(now)) return text(at(0)[0] + 8, at(0)[1], "nobody to compare", { fill: colours["ink-quiet"], verticalAlign: "middle" });
            const [x, y] = at(now), large = Math.abs(now) > 0.1, children = [];
            if (known(after)) {
              children.push(line(x, y, at(after)[0], y, { stroke: colours["ink-quiet"], lineWidth: 1, lineDash: [2, 3] }),
                { type: "circle", shape: { cx: at(after)[0], cy: y, r: 5 }, style: { fill: colours.paper, stroke: colours.accent, lineWidth: 1.6 } });
            }
            children.push(large ? { type: "polygon", shape: { points: [[x, y - 7], [x + 7, y], [x, y + 7], [x - 7, y]] }, style: { fill: colours.violates } }
              : { type: "circle", shape: { cx: x, cy: y, r: 5.5 }, style: { fill: colours.accent } });
            return { type: "group", children };
          },
          tooltip: { formatter: ({ dataIndex }) => {
            const [now, after, share, population] = figure.points[dataIndex];
            return tip(figure.names[dataIndex], [known(share) ? "in the data " + percent(share) : "nobody in the data", known(population) ? "in the population " + percent(population) : "",
              known(now) ? "standardised difference " + plain(now) : "", known(after) ? "with weights " + plain(after) : ""].filter(Boolean));
          } },
          markArea: { silent: true, itemStyle: { color: colours.band }, data: [[{ xAxis: -0.1 }, { xAxis: 0.1 }]] },
          markLine: { silent: true, symbol: "none", label: { show: false }, data: [{ xAxis: 0 }], lineStyle: { color: colours["ink-quiet"], type: "solid", width: 1 } },
        }],
      },
    };
  };

  /* ---- drawing, and drawing again when width or colours change ---- */

  const KINDS = { forest, reliability, heat, changes, love };

  const draw = (item, width) => {
    const { height, width: wide, option } = KINDS[item.figure.kind](item.figure, width, palette());
    item.box.style.height = height + "px";
    item.box.style.width = wide && wide > width ? wide + "px" : "";
    if (!item.chart) item.chart = echarts.init(item.box, null, { renderer: "svg", width: wide || width, height });
    else item.chart.resize({ width: wide || width, height });
    item.chart.setOption({ ...option, tooltip: { ...option.tooltip, trigger: "item" } }, true);
    item.width = width;
    const region = item.box.parentElement;
    const scrolls = wide > width;
    for (const [key, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", item.figure.id.replace("figure-", "Figure ") + ", scrolls sideways"]]) {
      if (scrolls) region.setAttribute(key, value);
      else region.removeAttribute(key);
    }
  };

  const drawAll = (width) => {
    for (const item of drawn) draw(item, width || item.frame.clientWidth || 640);
  };

  for (const figure of figures) {
    const frame = document.getElementById(figure.id);
    frame.hidden = false;
    drawn.push({ figure, frame, box: frame.querySelector(".chart") });
  }
  drawAll();

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const item of drawn) if (Math.abs(item.frame.clientWidth - item.width) > 1) draw(item, item.frame.clientWidth);
    }, 80);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());

  /* Paper is light, and shows what is folded away on a screen. The style sheet scales PAPER pixels to the width of the page. */
  const PAPER = 960;
  let folded = null;
  const toPaper = () => {
    if (folded) return;
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const details of folded) details.open = true;
    document.documentElement.dataset.theme = "light";
    drawAll(PAPER);
    for (const item of drawn) item.chart.getZr().flush();
  };
  const toScreen = () => {
    if (!folded) return;
    for (const details of folded) details.open = false;
    folded = null;
    delete document.documentElement.dataset.theme;
    drawAll();
  };
  addEventListener("beforeprint", toPaper);
  addEventListener("afterprint", toScreen);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? toPaper() : toScreen()));
})();
