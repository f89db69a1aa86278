// A blind listening test inside the page: marks from 1 to 5, then ABX. The answers stay in this browser.
(() => {
  const STORE = "deepsense-listening";
  const MARKS = ["bad", "poor", "fair", "good", "excellent"];
  // Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom; beyond the list 1.96.
  const STUDENT = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
    2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042];
  const place = document.querySelector("#ds-listening");
  if (!place) return;
  const SYSTEMS = place.dataset.systems.split("|");
  const SENTENCES = place.dataset.sentences.split("|");
  const TEXTS = place.dataset.texts.split("|");
  const ABX_TRIALS = 8;

  function load() {
    try {
      const found = JSON.parse(localStorage.getItem(STORE));
      const marks = found.marks.filter(m => SYSTEMS.includes(m.system) && [1, 2, 3, 4, 5].includes(m.mark));
      const abx = found.abx.filter(a => typeof a === "boolean");
      return { marks, abx };
    } catch {
      return { marks: [], abx: [] };
    }
  }

  function save(answers) {
    try {
      localStorage.setItem(STORE, JSON.stringify(answers));
    } catch { /* the results are then lost with the page */ }
  }

  function make(tag, words = "", properties = {}) {
    const element = Object.assign(document.createElement(tag), properties);
    if (words) element.textContent = words;
    return element;
  }

  function button(words, act) {
    return make("button", words, { type: "button", onclick: act });
  }

  // Every order is as likely as every other (Fisher and Yates).
  function shuffled(list) {
    const mixed = [...list];
    for (let i = mixed.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
    }
    return mixed;
  }

  function sound(system, sentence, name, heard) {
    const file = `${system.replaceAll(", ", "-").replaceAll(" ", "-")}-${sentence}.mp3`.toLowerCase();
    const audio = make("audio", "", { controls: true, preload: "auto", src: place.dataset.folder + file });
    audio.setAttribute("aria-label", name);
    audio.addEventListener("play", heard, { once: true });
    audio.addEventListener("error", () => say(`The sound ${file} was not found.`));
    return audio;
  }

  let said;
  function say(words) {
    said.textContent = words;
  }

  function show(...parts) {
    said = make("p", "", { className: "ds-said" });
    said.setAttribute("role", "status");
    place.replaceChildren(...parts, said);
  }

  function choices(name, options) {
    const group = make("fieldset");
    group.append(make("legend", name));
    for (const [value, words] of options) {
      const label = make("label");
      label.append(make("input", "", { type: "radio", name: "ds-mark", value }), ` ${words}`);
      group.append(label);
    }
    return group;
  }

  function picked() {
    return place.querySelector("input[name=ds-mark]:checked")?.value;
  }

  function home() {
    const answers = load();
    const again = answers.marks.length + answers.abx.length > 0;
    show(
      make("p", `First ${SYSTEMS.length * SENTENCES.length} sounds, each to be marked from 1 to 5, in random order and without names. `
        + `Then ${ABX_TRIALS} times ABX: which of two is the third? It takes about six minutes. Use headphones. `
        + "The answers stay in this browser, and are added to those of earlier rounds."),
      button(again ? "Another round" : "Begin", () => marks(trials(), 0)),
      ...(again ? [button("Show the results", results)] : []),
    );
  }

  function trials() {
    return shuffled(SYSTEMS.flatMap(system => SENTENCES.map((_, sentence) => ({ system, sentence }))));
  }

  function marks(list, number) {
    if (number === list.length) return abx(0);
    const { system, sentence } = list[number];
    let heard = false;
    const group = choices(
      "How good does it sound?", MARKS.map((word, i) => [i + 1, `${i + 1} ${word}`]).reverse(),
    );
    show(
      make("h4", `Sound ${number + 1} of ${list.length}`),
      make("p", `“${TEXTS[sentence]}”`),
      sound(system, SENTENCES[sentence], `Sound ${number + 1}`, () => { heard = true; }),
      group,
      button("Next", () => {
        if (!heard) return say("Listen to the sound first.");
        if (!picked()) return say("Give a mark from 1 to 5.");
        const answers = load();
        answers.marks.push({ system, mark: Number(picked()) });
        save(answers);
        marks(list, number + 1);
      }),
    );
  }

  function abx(number) {
    if (number === ABX_TRIALS) return results();
    const sentence = Math.floor(Math.random() * SENTENCES.length);
    const sides = shuffled([place.dataset.a, place.dataset.b]);
    const x = Math.floor(Math.random() * 2);
    const heard = new Set();
    const three = [["A", sides[0]], ["B", sides[1]], ["X", sides[x]]].flatMap(([name, system]) => [
      make("p", `${name}:`), sound(system, SENTENCES[sentence], name, () => heard.add(name)),
    ]);
    show(
      make("h4", `ABX ${number + 1} of ${ABX_TRIALS}`),
      make("p", `“${TEXTS[sentence]}”`),
      ...three,
      choices("X is the same as", [["A", "A"], ["B", "B"]]),
      button("Next", () => {
        if (heard.size < 3) return say("Listen to all three first.");
        if (!picked()) return say("Choose A or B. If you hear no difference, guess.");
        const answers = load();
        answers.abx.push(picked() === "AB"[x]);
        save(answers);
        abx(number + 1);
      }),
    );
  }

  function interval(values) {
    const n = values.length, mean = values.reduce((a, b) => a + b, 0) / n;
    if (n < 2) return { mean, low: NaN, high: NaN, n };
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1));
    const half = (STUDENT[n - 2] ?? 1.96) * deviation / Math.sqrt(n);
    return { mean, low: Math.max(1, mean - half), high: Math.min(5, mean + half), n };
  }

  function chance(right, trials) {
    let total = 0, ways = 1;
    for (let k = 0; k <= trials; k++) {
      if (k >= right) total += ways;
      ways = ways * (trials - k) / (k + 1);
    }
    return total / 2 ** trials;
  }

  function results() {
    const { marks: given, abx: tries } = load();
    const table = make("table");
    const row = (tag, cells) => {
      const line = make("tr");
      line.append(...cells.map(cell => make(tag, cell)));
      return line;
    };
    table.append(make("caption", "Your marks, and their 95 % intervals (Student)"), row("th", ["system", "marks", "mean", "interval"]));
    for (const system of SYSTEMS) {
      const values = given.filter(m => m.system === system).map(m => m.mark);
      if (!values.length) continue;
      const { mean, low, high, n } = interval(values);
      table.append(row("td", [system, n, mean.toFixed(2), n > 1 ? `${low.toFixed(2)} to ${high.toFixed(2)}` : "one mark only"]));
    }
    const right = tries.filter(Boolean).length;
    const told = tries.length
      ? `ABX of “${place.dataset.a}” and “${place.dataset.b}”: ${right} of ${tries.length} right. Guessing does as well or better with a probability of ${chance(right, tries.length).toFixed(3)}.`
      : "No ABX answers yet.";
    const wide = make("div", "", { className: "ds-wide" });
    wide.append(table);
    show(
      make("h4", "Your results"), wide, make("p", told),
      make("p", "The intervals say how much your own marks move. They say nothing of other listeners: for that, draw listeners too."),
      button("Save to a file", () => {
        const link = make("a", "", { download: "deepsense-listening.json" });
        link.href = URL.createObjectURL(new Blob([JSON.stringify(load(), null, 1)], { type: "application/json" }));
        link.click();
      }),
      button("Another round", () => marks(trials(), 0)),
      button("Forget everything", () => {
        localStorage.removeItem(STORE);
        home();
      }),
    );
  }

  home();
})();
