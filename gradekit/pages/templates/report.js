// Sorting and filtering of the table of students. Text is only ever compared, never made into markup.
(() => {
  "use strict";
  const table = document.querySelector("table.class");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const find = document.getElementById("find");
  const show = document.getElementById("show");
  const shown = document.getElementById("shown");
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const texts = new Map(rows.map((row) => [row, row.textContent.normalize("NFC").toLocaleLowerCase()]));
  const words = new Map(rows.map((row) => [row, row.dataset.words.split(" ")]));

  const value = (row, column, kind) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return kind === "number" ? Number.parseFloat(text) : text;
  };
  const empty = (item) => item === "" || Number.isNaN(item);

  // Whoever has no value comes last, in either direction; equal ones stay in the order in which they were.
  const sort = (column) => {
    const head = heads[column];
    const kind = head.dataset.kind;
    const down = head.getAttribute("aria-sort") === "ascending";
    const sign = down ? -1 : 1;
    const keys = new Map(rows.map((row) => [row, value(row, column, kind)]));
    rows.sort((one, other) => {
      const [first, second] = [keys.get(one), keys.get(other)];
      if (empty(first) || empty(second)) return empty(first) - empty(second);
      return sign * (kind === "number" ? first - second : collator.compare(first, second));
    });
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
  };

  const filter = () => {
    const wanted = find.value.normalize("NFC").toLocaleLowerCase().trim();
    let number = 0;
    for (const row of rows) {
      const fits = texts.get(row).includes(wanted) && (!show.value || words.get(row).includes(show.value));
      row.hidden = !fits;
      number += fits;
    }
    shown.textContent = `${number} of ${rows.length} students`;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
  find.addEventListener("input", filter);
  show.addEventListener("change", filter);
  find.form.addEventListener("submit", (event) => event.preventDefault());
  find.form.hidden = false;
  for (const button of document.querySelectorAll("button[data-show]")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      find.value = "";
      show.value = button.dataset.show;
      filter();
      document.getElementById("students").scrollIntoView();
      document.getElementById("class").focus({ preventScroll: true });
    });
  }
  // A link to a row that is filtered out shows everybody first.
  window.addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target?.hidden) return;
    find.value = show.value = "";
    filter();
    target.scrollIntoView();
  });
  filter();
})();
