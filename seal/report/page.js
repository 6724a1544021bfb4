// The browser of attempts. Whatever a model wrote reaches the page as textContent only.
"use strict";
(() => {
  const PAGE = 20;
  const { contexts, attempts, colours } = JSON.parse(document.getElementById("shown").textContent);
  if (!attempts.length) return;
  const at = (id) => document.getElementById(id);

  const make = (tag, kind, text) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const share = (value) => (value === null ? "unknown" : value.toFixed(3));
  const signed = (value) => (value > 0 ? "+" : "") + value.toFixed(3);

  function drawn(grid, caption) {
    const figure = make("figure"), canvas = make("canvas");
    const height = grid.length, width = height ? grid[0].length : 0;
    const cell = Math.max(4, Math.min(18, Math.floor(180 / Math.max(height, width, 1))));
    canvas.width = Math.max(1, width * cell + 1);
    canvas.height = Math.max(1, height * cell + 1);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", caption + ": " + grid.map((row) => row.join("")).join(" / "));
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#6b7280";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    grid.forEach((row, y) => row.forEach((colour, x) => {
      pen.fillStyle = colours[colour] || "#ffffff";
      pen.fillRect(x * cell + 1, y * cell + 1, cell - 1, cell - 1);
    }));
    figure.append(make("figcaption", "", caption), canvas);
    return figure;
  }

  function grids(...pictures) {
    const row = make("div", "grids");
    row.append(...pictures.filter(([grid]) => Array.isArray(grid)).map(([grid, caption]) => drawn(grid, caption)));
    return row;
  }

  function contextOf(context) {
    const box = make("div");
    if (!context.puzzle) {
      box.append(make("p", "", context.text));
      return box;
    }
    context.puzzle.train.forEach((pair, n) => box.append(grids([pair.input, `example ${n + 1}`], [pair.output, "becomes"])));
    context.puzzle.test.forEach((pair, n) => box.append(grids([pair.input, `test ${n + 1}`], [(context.targets || [])[n], "target"])));
    return box;
  }

  function verdictsOf(context, verdicts) {
    const box = make("div");
    const plain = verdicts.filter((verdict) => !verdict.vote);
    verdicts.filter((verdict) => verdict.vote).forEach((verdict) => {
      box.append(make("p", verdict.grade, verdict.grade));
      verdict.vote.attempts.forEach((tries, n) => {
        box.append(grids([(context.targets || [])[n], `test ${n + 1}: target`],
          ...tries.map((grid, k) => [grid, `attempt ${k + 1}`])));
        const votes = (verdict.vote.votes || [])[n] || [];
        if (votes.length > 1) {
          const more = make("details");
          more.append(make("summary", "", `${votes.length} candidates in the vote`),
            grids(...votes.slice(0, 12).map((one) => [one.grid, `votes: ${one.votes}`])));
          box.append(more);
        }
      });
    });
    if (plain.length) {
      const scroll = make("div", "scroll"), table = make("table", "answers"), head = make("tr");
      head.append(...["question", "target", "answer", "verdict"].map((name) => make("th", "", name)));
      table.append(head);
      verdicts.forEach((verdict, n) => {
        const query = context.queries[n] || { question: "", target: "" }, row = make("tr");
        row.append(make("td", "", query.question), make("td", "", query.target), make("td", "", verdict.answer),
          make("td", verdict.grade, verdict.grade + (verdict.reason ? `: ${verdict.reason}` : "")));
        table.append(row);
      });
      scroll.append(table);
      box.append(scroll);
    }
    return box;
  }

  function inside(attempt) {
    const context = contexts[attempt.context], box = make("div", "inside");
    const part = (title, ...content) => box.append(make("h3", "", title), ...content);
    part("context", contextOf(context));
    part(`self-edit of ${attempt.policy}${attempt.cut ? ", cut at the token limit" : ""}`, make("pre", "", attempt.text));
    if (attempt.invalid !== null) part("nothing to train on", make("p", "wrong", attempt.invalid));
    if (Object.keys(attempt.settings).length) part("its settings", make("pre", "", JSON.stringify(attempt.settings)));
    if (attempt.n_sequences) {
      const more = make("details");
      const rest = attempt.n_sequences > attempt.sequences.length ? `, the first ${attempt.sequences.length}` : "";
      more.append(make("summary", "", `${attempt.n_sequences} training sequences${rest}`),
        ...attempt.sequences.map((text) => make("pre", "block", text)));
      part("trained on", more);
    }
    attempt.repeats.forEach((repeat, n) => part(
      attempt.repeats.length > 1 ? `answers after training ${n + 1}` : "answers after training",
      repeat.failed === null ? verdictsOf(context, repeat.verdicts) : make("p", "unknown", `failed: ${repeat.failed}`)));
    if (attempt.before.length) {
      const more = make("details");
      more.append(make("summary", "", "answers of the unadapted model"), verdictsOf(context, attempt.before));
      box.append(make("h3"), more);
    }
    return box;
  }

  function card(attempt) {
    const details = make("details", "attempt"), summary = make("summary");
    summary.append(make("span", "score", share(attempt.accuracy)), make("span", "title", contexts[attempt.context].title),
      make("span", "tag", attempt.policy + ` · self-edit ${attempt.index + 1}`));
    if (attempt.gain !== null) summary.append(make("span", "tag", signed(attempt.gain) + " over unadapted"));
    if (attempt.invalid !== null) summary.append(make("span", "tag wrong", "invalid"));
    if (!attempt.chosen) summary.append(make("span", "tag", "set aside, another was written"));
    if (attempt.weight === 1) summary.append(make("span", "tag correct", "learned from"));
    else if (attempt.weight > 0) summary.append(make("span", "tag correct", `reinforced, weight ${attempt.weight.toPrecision(3)}`));
    else if (attempt.weight < 0) summary.append(make("span", "tag wrong", `suppressed, weight ${attempt.weight.toPrecision(3)}`));
    details.append(summary);
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(inside(attempt));
    });
    return details;
  }

  function group(context, members) {
    const box = make("div", "example"), pair = make("div", "pair");
    box.append(make("strong", "", contexts[context].title));
    const policies = [...new Set(members.map((attempt) => attempt.policy))];
    pair.append(...policies.map((policy) => {
      const column = make("div");
      column.append(make("h3", "", policy), ...members.filter((one) => one.policy === policy).map(card));
      return column;
    }));
    box.append(pair);
    return box;
  }

  const haystacks = new Map();
  const haystack = (attempt) => {
    if (!haystacks.has(attempt)) {
      const context = contexts[attempt.context];
      const said = attempt.repeats.flatMap((repeat) => repeat.verdicts.map((verdict) => verdict.answer || ""));
      const asked = context.queries.map((query) => query.question + "\n" + query.target);
      const all = [attempt.context, context.title, context.text, attempt.text, attempt.invalid || "", ...asked, ...said];
      haystacks.set(attempt, all.join("\n").toLowerCase());
    }
    return haystacks.get(attempt);
  };
  const last = (value, up) => (value === null ? Infinity : up * value);
  const ORDERS = {
    best: (a, b) => last(a.accuracy, -1) - last(b.accuracy, -1) || 0,
    worst: (a, b) => last(a.accuracy, 1) - last(b.accuracy, 1) || 0,
    gain: (a, b) => last(a.gain, -1) - last(b.gain, -1) || 0,
  };

  let page = 0, shown = [];
  function select() {
    const wanted = at("search").value.toLowerCase().split(/\s+/).filter(Boolean), policy = at("policy").value;
    const found = attempts.filter((attempt) => (!policy || attempt.policy === policy)
      && wanted.every((word) => haystack(attempt).includes(word)));
    if (at("order").value === "context") {
      const groups = new Map();
      found.forEach((one) => groups.set(one.context, [...(groups.get(one.context) || []), one]));
      shown = [...groups].map(([context, members]) => () => group(context, members));
    } else {
      shown = found.sort(ORDERS[at("order").value]).map((attempt) => () => card(attempt));
    }
    at("found").textContent = `${found.length.toLocaleString("en")} of ${attempts.length.toLocaleString("en")} self-edits`;
    page = 0;
    show();
  }
  function show() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    at("attempts").replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((render) => render()));
    at("place").textContent = `page ${page + 1} of ${pages}`;
    at("back").disabled = page === 0;
    at("on").disabled = page + 1 >= pages;
  }

  const every = make("option", "", "all policies");
  every.value = "";
  at("policy").append(every, ...[...new Set(attempts.map((attempt) => attempt.policy))].map((name) => {
    const option = make("option", "", name);
    option.value = name;
    return option;
  }));
  let waiting = 0;
  at("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(select, 120); });
  at("policy").addEventListener("change", select);
  at("order").addEventListener("change", select);
  at("back").addEventListener("click", () => { page -= 1; show(); });
  at("on").addEventListener("click", () => { page += 1; show(); });
  select();
})();
