/* Draws the data of a diagnosis on a Leaflet map. Names only ever become text nodes. */
"use strict";
const Maillage = (() => {
  const EDGE = "#ffffff";
  L.Control.Scale.mergeOptions({ imperial: false });

  /* A point with the shape of its family, on the canvas that Leaflet keeps. */
  const Mark = L.CircleMarker.extend({
    _updatePath() {
      const corners = this.options.corners;
      if (!corners || !corners.length) { this._renderer._updateCircle(this); return; }
      if (this._empty()) return;
      const pen = this._renderer._ctx, at = this._point, size = this._radius;
      pen.beginPath();
      corners.forEach(([dx, dy], i) => pen[i ? "lineTo" : "moveTo"](at.x + dx * size, at.y + dy * size));
      pen.closePath();
      this._renderer._fillStroke(pen, this);
    },
  });

  const latLng = (point) => [point[1], point[0]];

  function element(tag, words, parent) {
    const made = document.createElement(tag);
    made.textContent = words;
    if (parent) parent.appendChild(made);
    return made;
  }

  function card(title, lines, items) {
    const box = document.createElement("div");
    element("h2", title, box);
    lines.filter(Boolean).forEach((line) => element("p", line, box));
    if (items && items.length) {
      const list = element("ul", "", box);
      items.forEach((item) => element("li", item, list));
    }
    return box;
  }

  function named(words, kind) {
    const box = document.createElement("span");
    box.textContent = words;
    return { content: box, className: kind };
  }

  function communes(data, layer, map) {
    const places = data.communes, names = [];
    places.rings.forEach((rings, i) => {
      const shape = L.polygon(rings.map((ring) => ring.map(latLng)), {
        color: "#9a9384", weight: 1, fillColor: "#f8f5ee", fillOpacity: 1,
      });
      shape.bindPopup(() => card(places.name[i], [places.people[i]]));
      shape.addTo(layer);
      const label = named(places.name[i], "place-name");
      const point = L.tooltip({ pane: "names", permanent: true, direction: "bottom", offset: [0, 3], className: label.className, interactive: false, opacity: 1 });
      names.push({ label: point.setLatLng([places.y[i], places.x[i]]).setContent(label.content), box: shape.getBounds() });
    });
    map.createPane("names").style.zIndex = 450;
    map.getPane("names").style.pointerEvents = "none";
    names.forEach((name) => name.label.addTo(layer));
    const tidy = () => tidyNames(map, names, places);
    map.on("zoomend", tidy);
    map.on("layeradd", (event) => { if (event.layer === names[0]?.label) tidy(); });
    tidy();
  }

  /* A name is shown where its commune is about as wide as it, and no larger commune's name lies there. */
  function tidyNames(map, names, places) {
    const pen = document.createElement("canvas").getContext("2d"), kept = [];
    pen.font = `600 11px ${getComputedStyle(map.getContainer()).fontFamily}`;
    places.order.forEach((i) => {
      const { label, box } = names[i], at = map.latLngToLayerPoint(label.getLatLng());
      const wide = Math.min(160, pen.measureText(places.name[i]).width) / 2 + 3, high = 9;
      const room = map.latLngToLayerPoint(box.getNorthEast()).x - map.latLngToLayerPoint(box.getSouthWest()).x;
      const fits = 2 * wide <= 1.15 * room
        && kept.every((other) => Math.abs(other.x - at.x) > wide + other.wide || Math.abs(other.y - at.y) > 2 * high);
      if (fits) kept.push({ x: at.x, y: at.y, wide });
      const drawn = label.getElement();
      if (drawn) drawn.style.display = fits ? "" : "none";
    });
  }

  function access(data, layer) {
    const places = data.communes, words = data.texts;
    const most = Math.max(1, ...places.far.map((list) => list.length));
    places.rings.forEach((rings, i) => {
      const far = places.far[i];
      if (!far.length) return;
      const step = Math.min(data.steps.length - 1, Math.floor((far.length / most) * data.steps.length - 1e-9));
      L.polygon(rings.map((ring) => ring.map(latLng)), {
        color: "#7f1d2d", weight: 1, fillColor: data.steps[step], fillOpacity: 0.85,
      }).bindPopup(() => card(places.name[i], [words.far_title], far)).addTo(layer);
    });
  }

  /* Marks shrink where many share few pixels. */
  function markSize(map, data) {
    const low = map.latLngToContainerPoint(data.bounds[0]), high = map.latLngToContainerPoint(data.bounds[1]);
    const pixels = Math.abs((high.x - low.x) * (high.y - low.y));
    return Math.max(3, Math.min(5.5, 0.22 * Math.sqrt(pixels / (data.actors.x.length || 1))));
  }

  function actors(data, layers, found, size) {
    const list = data.actors, words = data.texts;
    list.x.forEach((x, i) => {
      const family = list.families[list.family[i]], mark = data.marks[family];
      const count = list.count ? list.count[i] : 0;
      const point = new Mark([list.y[i], x], {
        radius: count ? Math.min(22, 4 + Math.sqrt(count)) : size, corners: mark.points,
        color: EDGE, weight: 1, fillColor: mark.colour, fillOpacity: 0.92,
      });
      point.bindPopup(() => (count
        ? card(list.communes[list.commune[i]], [`${list.labels[list.family[i]]}${words.label}${count}`])
        : card(list.name[i], [
          list.labels[list.family[i]],
          list.activity[i] >= 0 ? list.activities[list.activity[i]] : "",
          list.communes[list.commune[i]],
          list.exact[i] ? "" : words.at_commune,
        ])));
      point.addTo(layers[family]);
      found.push(point);
    });
  }

  const end = (data, number) => [data.ends.y[number], data.ends.x[number]];

  function cooperations(data, layer) {
    const list = data.cooperations, words = data.texts;
    list.members.forEach((members, i) => {
      if (members.length < 2) return;
      const points = members.map((number) => end(data, number));
      const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
      L.polyline(points.map((point) => [middle, point]), { color: "#3d4852", weight: 1.5, opacity: 0.75 })
        .bindPopup(() => card(list.name[i], [words.stage + words.label + list.stage[i]],
          members.map((number) => data.ends.name[number]))).addTo(layer);
    });
  }

  function flows(data, layer) {
    const list = data.flows, words = data.texts;
    const colours = ["#5c6b0a", "#0b7285", "#a61e4d"], dashes = [null, "8 5", "2 5"];
    list.a.forEach((start, i) => {
      L.polyline([end(data, start), end(data, list.b[i])], {
        color: colours[list.way[i]], dashArray: dashes[list.way[i]], weight: list.width[i], opacity: 0.45,
      }).bindPopup(() => card(list.whats[list.what[i]], [list.amount[i],
        words.from + words.label + data.ends.name[start],
        words.to + words.label + data.ends.name[list.b[i]]])).addTo(layer);
    });
  }

  function gaps(data, layer) {
    const words = data.texts, most = Math.max(1, ...data.gaps.map((gap) => gap.count));
    data.gaps.forEach((gap) => {
      L.circleMarker(latLng(gap.at), {
        radius: 7 + 13 * Math.sqrt(gap.count / most), color: "#9b1c31", weight: 3, fillColor: "#ffffff", fillOpacity: 0.55,
      }).bindPopup(() => card(words.gaps_here, [], gap.more ? gap.titles.concat([gap.more]) : gap.titles)).addTo(layer);
    });
  }

  function star(data, one, layer, strong) {
    const words = data.texts, names = data.ends.name, at = end(data, one.at);
    const points = one.members.map((number) => end(data, number));
    const popup = () => card(one.title, [words.meeting_place + words.label + names[one.at]],
      one.members.map((number) => names[number]));
    L.polyline(points.map((point) => [at, point]), { color: "#14545f", weight: strong ? 4 : 2, opacity: strong ? 0.95 : 0.6 })
      .bindPopup(popup).addTo(layer);
    if (!strong) return points.concat([at]);
    L.circleMarker(at, { radius: 15, color: "#14545f", weight: 3, fill: false }).bindPopup(popup).addTo(layer);
    points.forEach((point, i) => {
      const mark = data.marks[data.actors.families[one.families[i]]];
      const label = named(names[one.members[i]], "member-name");
      const right = point[1] >= at[1];
      new Mark(point, { radius: 9, corners: mark.points, color: "#14545f", weight: 3, fillColor: mark.colour, fillOpacity: 1 })
        .bindTooltip(label.content, { permanent: true, direction: right ? "right" : "left", offset: [right ? 12 : -12, 0], className: label.className })
        .addTo(layer);
    });
    return points.concat([at]);
  }

  function speak(map, words) {
    const titles = { ".leaflet-control-zoom-in": words.zoom_in, ".leaflet-control-zoom-out": words.zoom_out };
    Object.entries(titles).forEach(([place, title]) => {
      document.querySelectorAll(place).forEach((button) => {
        button.title = title;
        button.setAttribute("aria-label", title);
      });
    });
    map.getContainer().setAttribute("role", "main");
    map.getContainer().setAttribute("aria-label", document.title);
    map.on("popupopen", (event) => {
      const button = event.popup.getElement().querySelector(".leaflet-popup-close-button");
      if (button) { button.setAttribute("aria-label", words.close); button.title = words.close; }
    });
    const control = document.querySelector(".leaflet-control-layers");
    const list = control && control.querySelector(".leaflet-control-layers-list");
    if (!list) return;
    const box = document.createElement("details");
    element("summary", words.layers, box);
    box.open = window.innerWidth > 640;
    list.parentNode.insertBefore(box, list);
    box.appendChild(list);
  }

  function start(map, layers) {
    let data = null, lit = null;
    const points = [];

    function draw(given) {
      if (data) return;
      data = given;
      fit();
      map.createPane("land").style.zIndex = 300;
      const land = L.canvas({ pane: "land" });
      communes(data, grounded(layers.communes, land), map);
      /* A layer that would hold nothing is not there. */
      if (layers.access) access(data, grounded(layers.access, land));
      if (layers.flows) flows(data, layers.flows);
      if (layers.cooperations) cooperations(data, layers.cooperations);
      actors(data, layers, points, markSize(map, data));
      if (layers.gaps) gaps(data, layers.gaps);
      if (layers.candidates) data.candidates.filter((one) => one.selected).forEach((one) => star(data, one, layers.candidates, false));
      lit = L.featureGroup().addTo(map);
      speak(map, data.texts);
      fit();
      document.documentElement.dataset.drawn = "yes";
      if (window.parent !== window) window.parent.postMessage({ maillage: "drawn" }, "*");
    }

    /* Polygons lie on a pane of their own, so that no polygon ever hides a point. */
    function grounded(layer, renderer) {
      return { addLayer(shape) { shape.options.renderer = renderer; layer.addLayer(shape); return this; }, hasLayer: () => false };
    }

    function fit() {
      map.invalidateSize();
      const control = document.querySelector(".leaflet-control-layers");
      const room = map.getSize().x > 760 && control ? control.offsetWidth + 20 : 12;
      map.fitBounds(L.latLngBounds(data.bounds).pad(0.04), { paddingTopLeft: [12, 12], paddingBottomRight: [room, 12], animate: false });
    }

    function show(message) {
      if (!data) return;
      lit.clearLayers();
      if (message.maillage === "candidate") {
        const one = data.candidates.find((candidate) => candidate.rank === message.rank);
        if (!one) return;
        const points = star(data, one, lit, true);
        const side = Math.min(150, map.getSize().x * 0.2), ends = [side, Math.min(80, map.getSize().y * 0.15)];
        map.fitBounds(L.latLngBounds(points), { paddingTopLeft: ends, paddingBottomRight: ends, maxZoom: 13, animate: false });
      } else if (message.maillage === "actor" && points[message.index]) {
        const point = points[message.index];
        point.openPopup();
        if (!point.isPopupOpen()) point.addTo(lit).openPopup();
        map.setView(point.getLatLng(), Math.max(map.getZoom(), 12), { animate: false });
      } else if (message.maillage === "all") { fit(); }
    }

    const block = document.getElementById("maillage-data");
    if (block) draw(JSON.parse(block.textContent));
    let wide = map.getSize().x > 0;
    window.addEventListener("resize", () => {
      if (data && !wide && map.getSize().x > 0) { wide = true; fit(); }
    });
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || !event.data || typeof event.data !== "object") return;
      if (event.data.maillage === "data") draw(JSON.parse(event.data.json)); else show(event.data);
    });
    if (!block && window.parent !== window) window.parent.postMessage({ maillage: "ready" }, "*");
  }

  return { start };
})();
