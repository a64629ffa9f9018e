// Table rows in an order of one's own: dragged by their handle, or moved by two buttons. Without this, by numbers.
//
// A row takes part if it has a number field whose name ends in "-position". The numbers are written as the rows stand.

const STEP = 10
const field = (row) => row.querySelector("input[name$='-position']")
const rowsOf = (body) => [...body.rows].filter((row) => field(row) && !row.classList.contains("empty-form"))

// What the row is about, for whoever does not see it.
const nameOf = (row) => {
  const label = row.querySelector(".field-label input")?.value.trim()
  const page = row.querySelector(".field-page select")
  const chosen = page?.value ? page.selectedOptions[0].text.trim() : ""
  return label || chosen || row.querySelector("th")?.textContent.trim() || "new line"
}

// A new line without words is no line yet: it gets no number, or the form would ask for its words.
const isEmpty = (row) => {
  const inputs = [...row.querySelectorAll(".field-label input, .field-page select, .field-address input")]
  return inputs.length > 0 && inputs.every((input) => !input.value.trim())
}

const number = (body) => {
  const rows = rowsOf(body)
  rows.forEach((row, place) => {
    field(row).value = isEmpty(row) ? "" : (place + 1) * STEP
    const [up, down] = row.querySelectorAll(".arrange-tools button")
    up.ariaDisabled = place === 0
    down.ariaDisabled = place === rows.length - 1
    up.ariaLabel = `Move up: ${nameOf(row)}`
    down.ariaLabel = `Move down: ${nameOf(row)}`
  })
}

// Errors stand in a row of their own, above the one that they are about.
const withErrors = (row) =>
  row.previousElementSibling?.classList.contains("row-form-errors") ? [row.previousElementSibling, row] : [row]

// The others go round the row; it stays where it is in the document, and so keeps the focus and the finger on it.
const putBefore = (body, row, next) => {
  const rows = rowsOf(body)
  const from = rows.indexOf(row)
  const to = next ? rows.indexOf(next) : rows.length
  for (const other of rows.slice(to, Math.max(from, to)).reverse()) row.after(...withErrors(other))
  for (const other of rows.slice(from + 1, Math.max(from + 1, to))) withErrors(row)[0].before(...withErrors(other))
  number(body)
}

const say = (live, body, row) => {
  const rows = rowsOf(body)
  live.textContent = `${nameOf(row)}: now ${rows.indexOf(row) + 1} of ${rows.length}`
}

const move = (body, row, by, live) => {
  const rows = rowsOf(body)
  const place = rows.indexOf(row)
  if (!rows[place + by]) return
  putBefore(body, row, by < 0 ? rows[place - 1] : (rows[place + 2] ?? null))
  say(live, body, row)
}

const drag = (body, row, handle, live) => {
  handle.addEventListener("pointerdown", (start) => {
    if (start.button !== 0) return
    start.preventDefault()
    const after = (each) => {
      const rows = rowsOf(body)
      return rows[rows.indexOf(each) + 1] ?? null
    }
    const before = after(row)
    const done = new AbortController()
    const listen = (name, act) => document.addEventListener(name, act, { signal: done.signal })
    const end = () => {
      done.abort()
      row.classList.remove("is-dragged")
      say(live, body, row)
    }
    const back = () => {
      putBefore(body, row, before)
      end()
    }
    row.classList.add("is-dragged")
    listen("pointermove", ({ clientY }) => {
      const middle = (other) => {
        const { top, height } = other.getBoundingClientRect()
        return top + height / 2
      }
      const next = rowsOf(body).find((other) => other !== row && clientY < middle(other)) ?? null
      if (after(row) !== next) putBefore(body, row, next)
    })
    listen("pointerup", end)
    listen("pointercancel", back)
    listen("keydown", ({ key }) => key === "Escape" && back())
  })
}

const equip = (body, row, live) => {
  if (row.querySelector(".arrange-tools")) return
  const tools = document.createElement("span")
  tools.className = "arrange-tools"
  const handle = document.createElement("span")
  handle.className = "arrange-handle"
  handle.ariaHidden = "true"
  handle.title = "Drag to move"
  handle.textContent = "⠿"
  tools.append(handle)
  for (const [sign, by] of [["↑", -1], ["↓", 1]]) {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = sign
    button.addEventListener("click", () => move(body, row, by, live))
    tools.append(button)
  }
  field(row).tabIndex = -1
  field(row).after(tools)
  drag(body, row, handle, live)
}

const start = (body) => {
  const live = document.createElement("p")
  live.role = "status"
  live.className = "visually-hidden"
  body.closest("table").after(live)
  body.closest("table").classList.add("can-arrange")
  const all = () => {
    for (const row of rowsOf(body)) equip(body, row, live)
    number(body)
  }
  all()
  body.addEventListener("input", () => number(body))
  document.addEventListener("formset:added", all)
  document.addEventListener("formset:removed", all)
}

const bodies = [...document.querySelectorAll("input[name$='-position']")].map((input) => input.closest("tbody"))
for (const body of new Set(bodies)) if (body) start(body)
