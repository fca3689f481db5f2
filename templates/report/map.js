/* Draws the data of a diagnosis on a Leaflet map. Names only ever become text nodes. */
"use strict";
const Maillage = (() => {
  const EDGE = "#ffffff", NEAR_MAX = 12;
  L.Control.Scale.mergeOptions({ imperial: false });

  /* A point with the shape of its family, on the canvas that Leaflet keeps or as an SVG path. */
  const Mark = L.CircleMarker.extend({
    _updatePath() {
      const corners = this.options.corners;
      if (!corners || !corners.length) { this._renderer._updateCircle(this); return; }
      if (this._empty()) return;
      const pen = this._renderer._ctx, at = this._point, size = this._radius;
      const ends = corners.map(([dx, dy]) => [at.x + dx * size, at.y + dy * size]);
      if (!pen) { this._renderer._setPath(this, `M${ends.join("L")}Z`); return; }
      pen.beginPath();
      ends.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y));
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

  /* What lies under the same few pixels, so that no point hides another for good. */
  function beside(map, found, i, shown) {
    const here = map.latLngToContainerPoint(found[i].getLatLng()), reach = found[i].getRadius();
    return found.reduce((near, point, j) => {
      if (j !== i && shown(j) && map.latLngToContainerPoint(point.getLatLng()).distanceTo(here) <= reach) near.push(j);
      return near;
    }, []);
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
        color: "#9a9384", weight: 1, fillColor: "#f8f5ee", fillOpacity: 1, interactive: false,
      });
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
    const places = data.communes;
    const most = Math.max(1, ...places.far.map((list) => list.length));
    places.rings.forEach((rings, i) => {
      const far = places.far[i];
      if (!far.length) return;
      const step = Math.min(data.steps.length - 1, Math.floor((far.length / most) * data.steps.length - 1e-9));
      L.polygon(rings.map((ring) => ring.map(latLng)), {
        color: "#7f1d2d", weight: 1, fillColor: data.steps[step], fillOpacity: 0.85, interactive: false,
      }).addTo(layer);
    });
  }

  /* Communes lie under the canvas of the points, which takes all clicks: the map hands them on. */
  function tellCommunes(data, map, layers) {
    const places = data.communes, words = data.texts;
    map.on("click", (event) => {
      const { lng: x, lat: y } = event.latlng;
      const within = (ring) => ring.reduce((inside, [bx, by], k) => {
        const [ax, ay] = ring[(k || ring.length) - 1];
        return (ay > y) !== (by > y) && x < ((ax - bx) * (y - by)) / (ay - by) + bx ? !inside : inside;
      }, false);
      const i = places.rings.findIndex((rings) => rings.filter(within).length % 2 === 1);
      if (i < 0 || !map.hasLayer(layers.communes)) return;
      const far = layers.access && map.hasLayer(layers.access) ? places.far[i] : [];
      L.popup().setLatLng(event.latlng)
        .setContent(card(places.name[i], [places.people[i], far.length ? words.far_title : ""], far)).openOn(map);
    });
  }

  /* Marks shrink where many share few pixels. */
  function markSize(map, data) {
    const low = map.latLngToContainerPoint(data.bounds[0]), high = map.latLngToContainerPoint(data.bounds[1]);
    const pixels = Math.abs((high.x - low.x) * (high.y - low.y));
    return Math.max(3, Math.min(5.5, 0.22 * Math.sqrt(pixels / (data.actors.x.length || 1))));
  }

  function actors(data, layers, found, map) {
    const list = data.actors, words = data.texts, size = markSize(map, data);
    const shown = (i) => map.hasLayer(layers[list.families[list.family[i]]]);
    const actor = (i) => {
      const box = card(list.name[i], [
        list.labels[list.family[i]],
        list.activity[i] >= 0 ? list.activities[list.activity[i]] : "",
        list.communes[list.commune[i]],
        list.exact[i] ? "" : words.at_commune,
      ]);
      const near = beside(map, found, i, shown);
      if (!near.length) return box;
      element("p", words.same_place + words.label, box).className = "near";
      const others = element("ul", "", box);
      near.slice(0, NEAR_MAX).forEach((j) => {
        const button = element("button", list.name[j], element("li", "", others));
        button.type = "button";
        button.addEventListener("click", () => { found[i].closePopup(); found[j].openPopup(); });
      });
      if (near.length > NEAR_MAX) element("li", `… ${near.length - NEAR_MAX}`, others);
      return box;
    };
    list.x.forEach((x, i) => {
      const family = list.families[list.family[i]], mark = data.marks[family];
      const count = list.count ? list.count[i] : 0, sure = count || list.exact[i];
      /* A point whose address is not known is an outline. */
      const point = new Mark([list.y[i], x], {
        radius: count ? Math.min(22, 4 + Math.sqrt(count)) : size, corners: mark.points,
        color: sure ? EDGE : mark.colour, weight: sure ? 1 : 1.5,
        fillColor: sure ? mark.colour : EDGE, fillOpacity: 0.92,
      });
      point.bindPopup(() => (count
        ? card(list.communes[list.commune[i]], [`${list.labels[list.family[i]]}${words.label}${count}`])
        : actor(i)));
      point.addTo(layers[family]);
      found.push(point);
    });
    if (!list.count) map.on("zoomend", () => { const now = markSize(map, data); found.forEach((point) => point.setRadius(now)); });
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

  function star(data, one, layer, pen) {
    const words = data.texts, names = data.ends.name, at = end(data, one.at);
    const points = one.members.map((number) => end(data, number));
    const popup = () => card(one.title, [words.meeting_place + words.label + names[one.at]],
      one.members.map((number) => names[number]));
    L.polyline(points.map((point) => [at, point]), { color: "#14545f", weight: pen ? 4 : 2, opacity: pen ? 0.95 : 0.6, renderer: pen })
      .bindPopup(popup).addTo(layer);
    if (!pen) return points.concat([at]);
    L.circleMarker(at, { radius: 15, color: "#14545f", weight: 3, fill: false, renderer: pen }).bindPopup(popup).addTo(layer);
    points.forEach((point, i) => {
      const mark = data.marks[data.actors.families[one.families[i]]];
      const label = named(names[one.members[i]], "member-name");
      const right = point[1] >= at[1];
      new Mark(point, { radius: 9, corners: mark.points, color: "#14545f", weight: 3, fillColor: mark.colour, fillOpacity: 1, renderer: pen })
        .bindPopup(popup)
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
    let data = null, lit = null, pen = null;
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
      actors(data, layers, points, map);
      if (layers.gaps) gaps(data, layers.gaps);
      if (layers.candidates) data.candidates.filter((one) => one.selected).forEach((one) => star(data, one, layers.candidates));
      /* The chosen candidate is drawn above all others, as paths that let clicks through. */
      map.createPane("lit").style.zIndex = 430;
      pen = L.svg({ pane: "lit" });
      tellCommunes(data, map, layers);
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

    /* What the list of layers covers, where the map is wide enough to leave that much free. */
    function covered() {
      const control = document.querySelector(".leaflet-control-layers");
      return map.getSize().x > 760 && control ? control.offsetWidth + 8 : 0;
    }

    function fit() {
      map.invalidateSize();
      map.fitBounds(L.latLngBounds(data.bounds).pad(0.04), { paddingTopLeft: [12, 12], paddingBottomRight: [12 + covered(), 12], animate: false });
    }

    function show(message) {
      if (!data) return;
      lit.clearLayers();
      map.getPane("overlayPane").style.opacity = message.maillage === "candidate" ? 0.35 : 1;
      if (message.maillage === "candidate") {
        const one = data.candidates.find((candidate) => candidate.rank === message.rank);
        if (!one) return;
        const points = star(data, one, lit, pen);
        const wide = map.getSize().x - covered(), side = Math.min(205, wide * 0.29), high = Math.min(80, map.getSize().y * 0.15);
        map.fitBounds(L.latLngBounds(points), { paddingTopLeft: [side, high], paddingBottomRight: [side + covered(), high], maxZoom: 13, animate: false });
      } else if (message.maillage === "actor" && points[message.index]) {
        const point = points[message.index];
        map.setView(point.getLatLng(), Math.max(map.getZoom(), 12), { animate: false });
        point.openPopup();
        if (!point.isPopupOpen()) point.addTo(lit).openPopup();
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
