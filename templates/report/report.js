/* Filters, order, directory and the dialogue with the map. Names only ever become text nodes. */
"use strict";
(() => {
  const find = (place) => document.querySelector(place);
  const json = find("#map-data").textContent;
  const words = JSON.parse(find("#page-words").textContent);
  const frame = find("#map-frame");
  const fold = (said) => said.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  /* On a narrow screen a row of a table becomes a block in which each cell needs its header. */
  document.querySelectorAll("table.stacked").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    [...table.tBodies[0].rows].forEach((row) => [...row.cells].forEach((cell, i) => { cell.dataset.label = heads[i]; }));
  });

  /* --- map --- */
  const waiting = [];
  let drawn = false;
  const tell = (message) => { if (drawn) frame.contentWindow.postMessage(message, "*"); else waiting.push(message); };
  const give = () => frame.contentWindow.postMessage({ maillage: "data", json }, "*");
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || !event.data) return;
    if (event.data.maillage === "ready") give();
    if (event.data.maillage === "drawn") {
      drawn = true;
      document.documentElement.dataset.map = "drawn";
      waiting.splice(0).forEach(tell);
    }
  });
  frame.addEventListener("load", () => { if (!drawn) give(); });
  give();

  const chooser = find("#map-candidate");
  function showCandidate(rank) {
    if (chooser) chooser.value = String(rank);
    tell({ maillage: "candidate", rank });
  }
  function toMap() {
    find("#map .live").scrollIntoView({ block: "start" });
    frame.focus({ preventScroll: true });
  }
  if (chooser) chooser.addEventListener("change", () => {
    if (chooser.value) showCandidate(Number(chooser.value)); else tell({ maillage: "all" });
  });
  find("#map-all").addEventListener("click", () => { if (chooser) chooser.value = ""; tell({ maillage: "all" }); });
  document.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => {
    showCandidate(Number(button.dataset.show));
    toMap();
  }));

  /* --- gaps --- */
  const count = (place, shown, all) => {
    const box = find(place);
    if (box) box.textContent = words.shown.replace("{shown}", shown).replace("{all}", all);
  };
  const gapKind = find("#gap-kind");
  if (gapKind) {
    const order = find("#gap-order"), everything = find("#gap-all");
    const groups = [...document.querySelectorAll(".gap-group")].map((box) => ({
      box, open: false, top: Number(box.dataset.top), body: box.querySelector("tbody"),
      rows: [...box.querySelectorAll("tbody tr")], more: box.querySelector(".more"),
    }));
    const filter = () => {
      let shown = 0, all = 0;
      groups.forEach((group) => {
        group.box.hidden = gapKind.value !== "" && group.box.dataset.kind !== gapKind.value;
        [...group.body.rows].forEach((row, i) => {
          row.classList.toggle("rest", i >= group.top);
          row.hidden = !group.open && i >= group.top;
          shown += row.hidden || group.box.hidden ? 0 : 1;
          all += 1;
        });
        if (group.more) group.more.hidden = group.open;
      });
      const open = groups.every((group) => group.open || !group.more);
      if (everything) {
        everything.textContent = open ? words.fewer_gaps : words.all_gaps;
        everything.setAttribute("aria-pressed", String(open));
      }
      count("#gap-count", shown, all);
    };
    const arrange = () => {
      groups.forEach((group) => group.body.append(...[...group.rows].sort((a, b) => b.dataset[order.value] - a.dataset[order.value])));
      filter();
    };
    const openAll = (open) => { groups.forEach((group) => { group.open = open; }); filter(); };
    groups.forEach((group) => {
      if (group.more) group.more.querySelector("button").addEventListener("click", () => {
        group.open = true;
        filter();
        const next = group.body.rows[group.top].querySelector("summary");
        if (next) next.focus({ preventScroll: true });
      });
    });
    if (everything) everything.addEventListener("click", () => openAll(everything.getAttribute("aria-pressed") !== "true"));
    document.addEventListener("show-gap", () => { gapKind.value = ""; openAll(true); });
    gapKind.addEventListener("change", filter);
    order.addEventListener("change", arrange);
    filter();
  }

  /* --- candidates --- */
  const candidateType = find("#candidate-type");
  if (candidateType) {
    const cards = [...document.querySelectorAll(".card, .card-row")];
    const others = document.querySelectorAll("#candidates .others");
    const filter = () => {
      let shown = 0;
      cards.forEach((card) => {
        card.hidden = candidateType.value !== "" && card.dataset.type !== candidateType.value;
        shown += card.hidden ? 0 : 1;
      });
      others.forEach((box) => { box.open = box.open || candidateType.value !== ""; });
      count("#candidate-count", shown, cards.length);
    };
    candidateType.addEventListener("change", filter);
    filter();
  }

  /* --- a link into something closed or filtered out opens it --- */
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden || target.closest("[hidden]")) document.dispatchEvent(new Event("show-gap"));
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const own = target.querySelector("details");
    if (own && target.tagName === "TR") own.open = true;
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#gap-"]');
    if (link && link.getAttribute("href") === location.hash) reveal();
  });
  reveal();

  /* --- directory of actors --- */
  const table = find("#actor-table tbody");
  if (table) {
    const list = JSON.parse(json).actors, size = window.innerWidth > 700 ? 20 : 8;
    const search = find("#actor-search"), family = find("#actor-family");
    const before = find("#actor-before"), after = find("#actor-after");
    const activity = (i) => (list.activity[i] >= 0 ? list.activities[list.activity[i]] : "–");
    const folded = list.name.map((name, i) => fold(`${name} ${list.communes[list.commune[i]]} ${activity(i)}`));
    const names = new Intl.Collator(document.documentElement.lang);
    /* Actors that may not be named would else stand in one long row of the same words. */
    const unnamed = new Set(list.unnamed);
    const all = list.name.map((name, i) => i).sort((a, b) => unnamed.has(a) - unnamed.has(b) || names.compare(list.name[a], list.name[b]) || a - b);
    let kept = all, page = 0;
    const heads = [...find("#actor-table thead").rows[0].cells].map((head) => head.textContent);
    const cell = (row, said, tag) => {
      const made = document.createElement(tag || "td");
      made.textContent = said;
      made.dataset.label = heads[row.cells.length];
      if (tag) made.scope = "row";
      row.appendChild(made);
      return made;
    };
    const draw = () => {
      const rows = kept.slice(page * size, (page + 1) * size).map((i) => {
        const row = document.createElement("tr");
        cell(row, list.name[i], "th");
        cell(row, list.labels[list.family[i]]);
        cell(row, activity(i));
        cell(row, list.communes[list.commune[i]]);
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = words.show_on_map;
        button.setAttribute("aria-label", `${words.show_on_map} : ${list.name[i]}`);
        button.addEventListener("click", () => { tell({ maillage: "actor", index: i }); toMap(); });
        cell(row, "").appendChild(button);
        return row;
      });
      table.replaceChildren(...rows);
      before.parentElement.hidden = kept.length <= size;
      before.disabled = page === 0;
      after.disabled = (page + 1) * size >= kept.length;
      const pages = Math.max(1, Math.ceil(kept.length / size));
      count("#actor-count", kept.length, all.length);
      find("#actor-count").textContent += ` · ${words.page.replace("{page}", page + 1).replace("{pages}", pages)}`;
    };
    const filter = () => {
      const wanted = fold(search.value.trim());
      kept = all.filter((i) => (!wanted || folded[i].includes(wanted)) && (family.value === "" || list.family[i] === Number(family.value)));
      page = 0;
      draw();
    };
    search.addEventListener("input", filter);
    family.addEventListener("change", filter);
    before.addEventListener("click", () => { page -= 1; draw(); });
    after.addEventListener("click", () => { page += 1; draw(); });
    draw();
  }

  /* --- paper shows what is folded on screen --- */
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.onpaper:not([open])")];
    closed.forEach((box) => { box.open = true; });
  });
  window.addEventListener("afterprint", () => { closed.forEach((box) => { box.open = false; }); });
})();
