"use strict";
(() => {
  const plan = JSON.parse(document.getElementById("plan").textContent);
  const byId = (id) => document.getElementById(id);

  /** Make an element; texts are set as text, never as markup. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /** Text in which web addresses are links. */
  function linked(text) {
    return text.split(/(https?:\/\/[^\s,]+)/).map((part, i) =>
      i % 2 ? make("a", { href: part, rel: "noopener", target: "_blank" }, part) : part);
  }

  // What is drawn on the canvas

  /** A stop: a disc with its number; stops at the same place stand in a ring around it. */
  const Stop = L.CircleMarker.extend({
    _project() {
      L.CircleMarker.prototype._project.call(this);
      const { ring } = this.options;
      if (ring) {
        const reach = this._radius / Math.sin(Math.PI / Math.max(ring.of, 2)) + 1;
        const angle = (2 * Math.PI * ring.index) / ring.of - Math.PI / 2;
        this._point = this._point.add([reach * Math.cos(angle), reach * Math.sin(angle)]);
        this._updateBounds();
      }
    },
    _updatePath() {
      this._renderer._updateCircle(this);
      if (!this._renderer._drawing || this._empty() || this._radius < 7) return;
      const { label, ink = "#fff" } = this.options;
      const size = this._radius * (label.length > 2 ? 0.85 : 1.1);
      write(this._renderer._ctx, label, this._point, size, ink, this.options.fillOpacity);
    },
  });

  /** A depot: a rounded square with a roof. */
  const Depot = L.CircleMarker.extend({
    _updatePath() {
      if (!this._renderer._drawing || this._empty()) return;
      const ctx = this._renderer._ctx, { x, y } = this._point, r = this._radius;
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.roundRect(x - r, y - r, 2 * r, 2 * r, r * 0.35);
      ctx.fillStyle = "#1b2430";
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = "#fff";
      ctx.stroke();
      ctx.beginPath();
      for (const [dx, dy] of [[0, -0.55], [0.6, -0.02], [0.42, -0.02], [0.42, 0.5], [-0.42, 0.5], [-0.42, -0.02], [-0.6, -0.02]])
        ctx.lineTo(x + dx * r, y + dy * r);
      ctx.closePath();
      ctx.fillStyle = "#fff";
      ctx.fill();
    },
  });

  /** A part of a route: a line with a light edge, and an arrow on every leg that is long enough. */
  const Way = L.Polyline.extend({
    _updatePath() {
      const options = this.options, { color, weight, dashArray, opacity } = options;
      if (this._renderer._drawing && this._parts.length && !options.faint) {
        const dashes = options._dashArray;
        Object.assign(options, { color: "#fff", weight: weight * 2, dashArray: null, _dashArray: null, opacity: opacity * 0.9 });
        this._renderer._updatePoly(this);
        Object.assign(options, { color, weight, dashArray, _dashArray: dashes, opacity });
      }
      this._renderer._updatePoly(this);
      if (this._renderer._drawing && !options.faint) this._arrows(this._renderer._ctx);
    },
    _arrows(ctx) {
      const { color, weight, opacity } = this.options, size = 3 + weight;
      ctx.globalAlpha = opacity;
      ctx.fillStyle = color;
      for (const part of this._parts)
        for (let i = 1; i < part.length; i++) {
          const a = part[i - 1], b = part[i], dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy);
          if (length < 34) continue;
          const ux = dx / length, uy = dy / length, x = (a.x + b.x) / 2, y = (a.y + b.y) / 2;
          ctx.beginPath();
          ctx.moveTo(x + ux * size, y + uy * size);
          ctx.lineTo(x - ux * size - uy * size * 0.8, y - uy * size + ux * size * 0.8);
          ctx.lineTo(x - ux * size + uy * size * 0.8, y - uy * size - ux * size * 0.8);
          ctx.fill();
        }
    },
  });

  function write(ctx, text, { x, y }, size, ink, alpha) {
    ctx.globalAlpha = alpha;
    ctx.fillStyle = ink;
    ctx.font = `600 ${size}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(text, x, y + size * 0.06);
  }

  // Map

  const map = L.map("map", {
    crs: plan.planar ? L.CRS.Simple : L.CRS.EPSG3857,
    renderer: L.canvas({ padding: 0.3, tolerance: 3 }),
    attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, minZoom: -60, maxZoom: 60,
  });
  const bounds = L.latLngBounds(plan.points);
  if (bounds.getNorthEast().equals(bounds.getSouthWest(), 0)) map.setView(bounds.getCenter(), plan.planar ? 0 : 16);
  else map.fitBounds(bounds, { padding: [40, 40], animate: false, maxZoom: plan.planar ? 60 : 18 });
  const home = map.getZoom();
  map.setMinZoom(home - 4).setMaxZoom(Math.max(home + 6, plan.planar ? home : 19));
  if (plan.tiles) {
    L.tileLayer(plan.tiles.url, { maxNativeZoom: 19, maxZoom: 60 }).addTo(map);
    byId("map").classList.add("tiled");
  }
  if (!plan.planar) L.control.scale({ imperial: false }).addTo(map);
  const credits = [...plan.credits];
  if (plan.tiles && !credits.includes(plan.tiles.attribution)) credits.push(plan.tiles.attribution);
  const corner = L.control({ position: "bottomright" });
  corner.onAdd = () => make("p", { class: "credits" }, ...linked([...credits, "drawn with Leaflet"].join(" | ")));
  corner.addTo(map);

  /** How large stops are drawn, so that they neither cover each other nor vanish. */
  function radius() {
    const size = map.getSize(), room = Math.sqrt((size.x * size.y) / Math.max(plan.points.length, 1));
    return Math.max(2.5, Math.min(11, 0.16 * room * 2 ** ((map.getZoom() - home) * 0.7)));
  }

  /** How wide routes are drawn: thinner where the stops are small. */
  const width = () => Math.max(1, Math.min(3, radius() / 3));
  const edge = () => (radius() < 6 ? 0.5 : 1.5);

  // Stops at exactly the same place are drawn around it.
  const here = new Map(), ringOf = new Map();
  for (const at of [...plan.routes.flatMap((r) => r.stops.filter((s) => s.label).map((s) => s.at)), ...plan.unserved.map((u) => u.at)]) {
    const key = plan.points[at].join();
    if (!here.has(key)) here.set(key, new Set());
    here.get(key).add(at);
  }
  for (const places of here.values())
    if (places.size > 1) [...places].forEach((at, index) => ringOf.set(at, { index, of: places.size }));

  /** The card shown on hover. */
  function card(name, sub, rows) {
    const table = make("table", {}, ...rows.map(([key, value]) =>
      make("tr", key === "late" ? { class: "late" } : {}, make("th", {}, key), make("td", {}, value))));
    return make("div", {}, make("b", {}, name), make("p", { class: "soft" }, sub), table);
  }
  const hover = (layer, content, sticky = false) =>
    layer.bindTooltip(content, { className: "card", direction: "top", opacity: 1, sticky });

  const routes = plan.routes.map((route, index) => {
    const base = { color: route.colour, dashArray: route.dash.length ? route.dash.join() : null, smoothFactor: 0 };
    const group = L.layerGroup(), lines = [], marks = [], placed = new Map();
    const points = route.way.map((at) => plan.points[at]);
    const open = route.way[route.way.length - 1] >= plan.depots.length;
    const line = (from, to, style) => {
      const layer = new Way(points.slice(from, to), { ...base, ...style });
      lines.push(hover(layer.addTo(group), () => card(route.name, [route.hours, ...route.facts].filter(Boolean).join(" · "), []), true));
    };
    // The first and the last leg are common to many routes: they stay in the background.
    line(0, 2, { weight: 1.5, opacity: 0.45, faint: true });
    if (!open) line(points.length - 2, points.length, { weight: 1.5, opacity: 0.45, faint: true });
    line(1, open ? points.length : points.length - 1, { weight: width(), opacity: 0.9 });
    for (const step of route.stops) {
      if (!step.label) continue;
      const layer = new Stop(plan.points[step.at], {
        radius: radius(), weight: step.late ? 2.5 : edge(), color: step.late ? "#ff2d20" : "#fff", fillColor: route.colour,
        fillOpacity: 1, opacity: 1, label: step.label, ring: ringOf.get(step.at), location: step.at, route: index,
      });
      hover(layer.addTo(group), () => card(plan.names[step.at], `stop ${step.label} of ${route.name}`, step.rows));
      marks.push(layer);
      placed.set(step, layer);
    }
    for (const layer of [...lines, ...marks]) {
      layer.on("mouseover", () => light(index));
      layer.on("mouseout", () => light(-1));
    }
    group.addTo(map);
    return { ...route, group, lines, marks, placed, shown: true };
  });

  const lost = plan.unserved.map(({ at, why, required }) => {
    const layer = new Stop(plan.points[at], {
      radius: radius(), weight: 2, color: required ? "#b3261e" : "#5f6b7a", fillColor: "#fff", fillOpacity: 1, opacity: 1,
      dashArray: "3,2", label: "✕", ink: required ? "#b3261e" : "#5f6b7a", ring: ringOf.get(at), location: at,
    });
    return hover(layer.addTo(map), () => card(plan.names[at], required ? "not served" : "left out", [["why", why]]));
  });
  const used = new Set(plan.routes.flatMap((r) => r.stops.filter((s) => !s.label).map((s) => s.at)));
  const depots = plan.depots.map(({ at, rows }) => {
    const layer = new Depot(plan.points[at], { radius: 10, location: at });
    const visits = plan.routes.flatMap((r) => r.stops.filter((s) => s.at === at && s.kind !== "end").map((s) =>
      [r.name, `${s.kind} ${s.rows.find(([key]) => key === "leave")?.[1] ?? ""}`]));
    const shown = visits.length > 12 ? [...visits.slice(0, 12), ["...", `${visits.length - 12} more`]] : visits;
    return hover(layer.addTo(map), () => card(plan.names[at], used.has(at) ? "depot" : "depot, not used", [...rows, ...shown]));
  });

  function order() {
    for (const route of routes) if (route.shown) route.marks.forEach((mark) => mark.bringToFront());
    [...lost, ...depots].forEach((layer) => layer.bringToFront());
  }

  /** Bring one route out and dim the others; -1 ends it. */
  let lit = -1;
  function light(which) {
    if (which === lit) return;
    lit = which;
    restyle();
  }

  function restyle() {
    routes.forEach((route, i) => {
      const dim = lit >= 0 && i !== lit;
      for (const layer of route.lines) {
        const { faint } = layer.options;
        const wide = faint ? Math.min(1.5, width()) : width();
        if (i === lit) layer.setStyle({ weight: wide + 1.5, opacity: 1 });
        else layer.setStyle({ weight: wide, opacity: dim ? 0.12 : faint ? 0.45 : 0.9 });
      }
      for (const layer of route.marks) layer.setStyle({ fillOpacity: dim ? 0.25 : 1, opacity: dim ? 0.4 : 1 });
      route.item.classList.toggle("lit", i === lit);
    });
  }

  function show(route, shown) {
    if (route.shown === shown) return;
    route.shown = shown;
    if (shown) { route.group.addTo(map); order(); } else map.removeLayer(route.group);
    route.item.classList.toggle("hidden", !shown);
    route.toggle.setAttribute("aria-pressed", String(shown));
  }

  map.on("zoomend", () => {
    for (const layer of [...routes.flatMap((r) => r.marks), ...lost]) layer.setRadius(radius());
    for (const mark of routes.flatMap((r) => r.marks)) if (mark.options.weight < 2) mark.setStyle({ weight: edge() });
    restyle();
  });

  // Panel

  const drawing = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  /** The schedule of a route as a bar over the common hours: driving thin, service full, waiting light. */
  function bar(route) {
    const svg = drawing("svg", { viewBox: "0 0 1000 9", preserveAspectRatio: "none", "aria-hidden": "true" });
    const boxes = (parts, top, bottom) => parts.map(([a, b]) => `M${a} ${top}H${Math.max(b, a + 2)}V${bottom}H${a}Z`).join("");
    svg.append(
      drawing("path", { d: boxes([[0, 1000]], 4, 5), fill: "#e3e7ec" }),
      drawing("path", { d: boxes(route.bar.way, 3.5, 5.5), fill: route.colour, opacity: 0.7 }),
      drawing("path", { d: boxes(route.bar.wait, 1.5, 7.5), fill: "#cfd6de" }),
      drawing("path", { d: boxes(route.bar.serve, 0, 9), fill: route.colour }));
    return svg;
  }

  /** The run sheet of a route; its rows point at the stops on the map. */
  function sheet(route) {
    const value = (step, key) => step.rows.find(([k]) => k === key)?.[1] ?? "";
    const keys = ["arrive", "leave", "driven", "load"].filter((key) => route.stops.some((step) => value(step, key)));
    const body = route.stops.map((step) => {
      const cells = [step.label || step.kind, plan.names[step.at], ...keys.map((key) => value(step, key))];
      const row = make("tr", step.late ? { class: "late" } : {}, ...cells.map((text) => make("td", {}, text)));
      const layer = route.placed.get(step);
      row.addEventListener("mouseenter", () => route.shown && layer?.openTooltip());
      row.addEventListener("mouseleave", () => layer?.closeTooltip());
      return row;
    });
    const head = make("tr", {}, ...["", "stop", ...keys].map((text) => make("th", {}, text)));
    return make("table", { class: "sheet" }, make("thead", {}, head), make("tbody", {}, ...body));
  }

  for (const [index, route] of routes.entries()) {
    const swatch = make("span", { class: "swatch" });
    swatch.style.background = swatch.style.borderColor = route.colour;
    if (route.dash.length) swatch.style.borderStyle = "dashed";
    const text = make("span", { class: "about" },
      make("span", { class: "name" }, route.name), make("span", { class: "hours" }, route.hours),
      make("span", { class: "facts" }, route.facts.join(" · ")));
    route.toggle = make("button", { type: "button", class: "toggle", "aria-pressed": "true", title: "show or hide" }, swatch, text);
    const unfold = make("button", { type: "button", class: "unfold", "aria-expanded": "false", title: "schedule", "aria-label": `schedule of ${route.name}` }, "▸");
    route.item = make("li", {}, make("div", { class: "row" }, route.toggle, unfold));
    if (plan.horizon.length) route.item.append(bar(route));
    route.toggle.addEventListener("click", () => {
      show(route, !route.shown);
      light(route.shown ? index : -1);
    });
    let table = null;
    unfold.addEventListener("click", () => {
      if (table) table = table.remove();
      else route.item.append((table = sheet(route)));
      unfold.textContent = table ? "▾" : "▸";
      unfold.setAttribute("aria-expanded", String(Boolean(table)));
    });
    route.item.addEventListener("mouseenter", () => route.shown && light(index));
    route.item.addEventListener("mouseleave", () => light(-1));
    byId("legend").append(route.item);
  }
  byId("all").addEventListener("click", () => routes.forEach((route) => show(route, true)));
  byId("none").addEventListener("click", () => routes.forEach((route) => show(route, false)));
  byId("axis").append(...plan.horizon.map((text) => make("span", {}, text)));

  const [name, ...size] = plan.title.split("  ");
  const figures = make("dl", { class: "figures" }, ...plan.figures.map(([key, value]) => {
    const bad = (key === "feasible" && value === "no") || (key === "unserved" && value !== "0");
    return make("div", {}, make("dt", {}, key), make("dd", bad ? { class: "bad" } : {}, value));
  }));
  byId("head").append(make("h1", {}, name), make("p", { class: "soft" }, size.join(" ")), make("p", { class: "soft" }, plan.origin), figures);
  if (plan.status) byId("head").append(make("p", { class: "bad" }, plan.status));

  const section = (title, ...content) => byId("more").append(make("h2", {}, title), ...content);
  const list = (items) => make("ul", {}, ...items.map((item) => make("li", {}, ...[item].flat())));
  if (plan.unserved.length) section("Unserved", list(plan.unserved.map(({ at, why }) => [make("b", {}, plan.names[at]), ` ${why}`])));
  if (plan.violations.length) section("Violations", list(plan.violations));
  if (plan.costs.length)
    section("Cost", make("table", {}, ...plan.costs.map(([term, amount, what]) =>
      make("tr", {}, make("td", {}, term), make("td", { class: "amount" }, amount), make("td", { class: "soft" }, what)))));
  const notes = [...plan.notes, ...plan.credits];
  if (!plan.planar) notes.push("Lines are straight from stop to stop; the roads in between are not drawn.");
  if (notes.length) section("Notes", ...notes.map((note) => make("p", {}, ...linked(note))));

  order();
  window.vrpMap = map;
})();
