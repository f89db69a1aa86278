// What a reader has read and done, kept in this browser alone: ticks in the chapters, a page that lists them.
(() => {
  const STORE = "deepsense-progress";
  const EMPTY = () => ({ version: 1, read: {}, done: {} });

  function load() {
    try {
      return checked(JSON.parse(localStorage.getItem(STORE))) || EMPTY();
    } catch {
      return EMPTY();
    }
  }

  // Only the two lists, with dates as values, are taken from a store or a file.
  function checked(found) {
    if (!found || found.version !== 1) return null;
    const clean = EMPTY();
    for (const kind of ["read", "done"]) {
      for (const [key, date] of Object.entries(found[kind] || {})) {
        if (/^[\w/#-]{1,200}$/.test(key) && /^\d{4}-\d{2}-\d{2}$/.test(date)) clean[kind][key] = date;
      }
    }
    return clean;
  }

  function save(progress) {
    try {
      localStorage.setItem(STORE, JSON.stringify(progress));
      return true;
    } catch {
      return false;
    }
  }

  function set(kind, key, on) {
    const progress = load();
    if (on) progress[kind][key] = new Date().toISOString().slice(0, 10);
    else delete progress[kind][key];
    save(progress);
    show();
  }

  function box(kind, key, words) {
    const label = document.createElement("label");
    label.className = "ds-tick";
    const input = document.createElement("input");
    input.type = "checkbox";
    input.dataset.kind = kind;
    input.dataset.key = key;
    input.addEventListener("change", () => set(kind, key, input.checked));
    label.append(input, ` ${words}`);
    return label;
  }

  function show() {
    const progress = load();
    for (const input of document.querySelectorAll(".ds-tick input")) {
      input.checked = input.dataset.key in progress[input.dataset.kind];
    }
    for (const link of document.querySelectorAll(".bd-sidebar-primary a.internal")) {
      const read = pageKey(link.href) in progress.read;
      link.classList.toggle("ds-read", read);
      read ? link.setAttribute("aria-description", "read") : link.removeAttribute("aria-description");
    }
    const total = document.querySelector("#ds-progress-total");
    if (!total) return;
    const count = kind => [...document.querySelectorAll(`.ds-tick input[data-kind=${kind}]`)];
    const part = (kind, name) => `${count(kind).filter(i => i.checked).length} of ${count(kind).length} ${name}`;
    total.textContent = `${part("read", "chapters read")}, ${part("done", "exercises done")}.`;
  }

  // The key of a chapter is its file's name: it stays when a part of the book is renamed.
  function pageKey(address) {
    return new URL(address, location).pathname.split("/").pop().replace(/\.html$/, "");
  }

  function fillChapter() {
    const article = document.querySelector(".bd-article");
    if (!article || !article.querySelector(".admonition.objectives")) return;
    const key = pageKey(location);
    for (const heading of article.querySelectorAll("section > h3")) {
      if (!heading.textContent.startsWith("Exercise:")) continue;
      heading.after(box("done", `${key}#${heading.parentElement.id}`, "I have done this exercise"));
    }
    article.append(box("read", key, "I have read this chapter"));
  }

  function fillList(list) {
    for (const place of list.querySelectorAll("[data-key]")) {
      const words = place.textContent.trim();
      const tick = box(place.dataset.kind, place.dataset.key, words);
      const link = place.querySelector("a");
      if (link) {
        tick.lastChild.remove();
        tick.append(" ", link);
      }
      place.replaceChildren(tick);
    }
    const say = words => { document.querySelector("#ds-progress-said").textContent = words; };
    document.querySelector("#ds-export").addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(load(), null, 1)], { type: "application/json" }));
      link.download = "deepsense-progress.json";
      link.click();
      say("Saved as deepsense-progress.json.");
    });
    document.querySelector("#ds-import").addEventListener("change", async event => {
      let found = null;
      try {
        found = checked(JSON.parse(await event.target.files[0].text()));
      } catch { /* said below */ }
      if (found) save(found);
      say(found ? "Your progress was read from the file." : "That is no file of progress. Nothing was changed.");
      event.target.value = "";
      show();
    });
    document.querySelector("#ds-clear").addEventListener("click", () => {
      if (!confirm("Forget what you have read and done, in this browser?")) return;
      localStorage.removeItem(STORE);
      say("Forgotten.");
      show();
    });
  }

  function start() {
    const list = document.querySelector("#ds-progress");
    list ? fillList(list) : fillChapter();
    show();
    addEventListener("storage", show);
  }

  document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
})();
