/* The list of pages, moved in: by pointer and by keyboard. Without it, "Move" in each row leads to a form.

   The order of the rows is all there is to know: what is deeper below a row hangs on it. A place is a gap between two
   rows and a depth; from these follow the parent and the page that comes after. The server is asked by the same form
   that works without this, and answers with a preview where addresses change. */

const DRAG_STARTS = 5 // pixels
const EDGE = 60 // pixels from the window's edge where it scrolls by itself
const FOLDED = "page-tree-folded"

const body = document.querySelector("#result_list tbody")
const form = document.getElementById("tree-move")
const status = document.getElementById("tree-status")

const rows = [...body.querySelectorAll(".tree-node")].map((node) => ({
  node,
  tr: node.closest("tr"),
  id: node.dataset.page,
  depth: Number(node.dataset.depth),
  title: node.querySelector(".tree-title").textContent,
  handle: node.querySelector(".tree-handle"),
}))
const byTr = new Map(rows.map((row) => [row.tr, row]))

const below = (row) => {
  const start = rows.indexOf(row) + 1
  const end = rows.findIndex((other, index) => index >= start && other.depth <= row.depth)
  return rows.slice(start, end < 0 ? rows.length : end)
}

// --- Folding ---------------------------------------------------------------------------------------------------------

const remembered = () => {
  try {
    return new Set(JSON.parse(localStorage.getItem(FOLDED)) ?? [])
  } catch {
    return new Set()
  }
}
const folded = remembered()

const showRows = () => {
  let hiddenBelow = Infinity
  for (const row of rows) {
    if (row.depth <= hiddenBelow) hiddenBelow = Infinity
    row.tr.hidden = row.depth > hiddenBelow
    if (!row.tr.hidden && folded.has(row.id)) hiddenBelow = row.depth
    row.fold?.setAttribute("aria-expanded", String(!folded.has(row.id)))
  }
}

const fold = (row) => {
  if (!folded.delete(row.id)) folded.add(row.id)
  try {
    localStorage.setItem(FOLDED, JSON.stringify([...folded]))
  } catch {
    // Nothing is remembered then.
  }
  showRows()
}

const addFold = (row) => {
  const first = row.handle ?? row.node.querySelector(".tree-title")
  if (!below(row).length) {
    const space = document.createElement("span")
    space.className = "tree-leaf"
    first.before(space)
    return
  }
  row.fold = document.createElement("button")
  row.fold.type = "button"
  row.fold.className = "tree-fold"
  row.fold.setAttribute("aria-label", `Pages under “${row.title}”`)
  row.fold.addEventListener("click", () => fold(row))
  first.before(row.fold)
}

// --- Places ----------------------------------------------------------------------------------------------------------

/* While a page is being moved: the row, the rows it can go between, the gap (an index into these) and the depth. */
let move = null

const limits = ({ others, gap }) => [others[gap]?.depth ?? 0, gap ? others[gap - 1].depth + 1 : 0]

const place = ({ others, gap, depth }) => ({
  parent: others.slice(0, gap).findLast((row) => row.depth < depth) ?? null,
  before: others[gap]?.depth === depth ? others[gap] : null,
})

const inWords = ({ parent, before }) => {
  const under = parent ? `under “${parent.title}”` : "at the top of the site"
  return before ? `Before “${before.title}”, ${under}.` : `Last ${under}.`
}

const same = (one, other) => one.parent === other.parent && one.before === other.before

const marker = document.createElement("tr")
marker.className = "tree-marker"
marker.ariaHidden = "true"

const drawMarker = () => {
  const { cellIndex } = move.row.node.closest("td")
  const cells = Array.from({ length: cellIndex + 1 }, () => document.createElement("td"))
  const cell = cells.at(-1)
  cell.colSpan = move.row.tr.cells.length - cellIndex
  const line = document.createElement("div")
  line.className = "tree-marker-line"
  for (let step = 0; step < move.depth; step += 1) {
    line.append(Object.assign(document.createElement("span"), { className: "tree-indent" }))
  }
  cell.append(line)
  marker.replaceChildren(...cells)
  const next = move.others[move.gap]?.tr
  if (next) next.before(marker)
  else body.append(marker)
}

const show = (into = null) => {
  body.querySelector(".tree-into")?.classList.remove("tree-into")
  marker.remove()
  const now = place(move)
  if (into) into.tr.classList.add("tree-into")
  else drawMarker()
  status.textContent = same(now, move.start) ? "Where it is now." : inWords(now)
}

const goTo = (gap, depth = move.depth, into = null) => {
  move.gap = Math.max(0, Math.min(gap, move.others.length))
  const [least, most] = limits(move)
  move.depth = Math.max(least, Math.min(depth, most))
  show(into)
}

const pickUp = (row) => {
  const along = new Set([row, ...below(row)])
  const others = rows.filter((other) => !along.has(other) && !other.tr.hidden)
  const gap = others.filter((other) => rows.indexOf(other) < rows.indexOf(row)).length
  move = { row, along, others, gap, depth: row.depth }
  move.start = place(move)
  for (const each of along) each.tr.classList.add("tree-picked")
  body.classList.add("tree-moving")
}

const putBack = (words) => {
  if (!move) return
  for (const each of move.along) each.tr.classList.remove("tree-picked")
  body.querySelector(".tree-into")?.classList.remove("tree-into")
  body.classList.remove("tree-moving")
  marker.remove()
  move = null
  status.textContent = words
}

const drop = () => {
  const { row, start } = move
  const chosen = place(move)
  if (same(chosen, start)) {
    putBack(`“${row.title}” stays where it is.`)
    return
  }
  putBack(`Moving “${row.title}” …`)
  form.action = row.node.dataset.move
  form.elements.relation.value = chosen.before ? "before" : "under"
  form.elements.target.value = (chosen.before ?? chosen.parent)?.id ?? ""
  form.submit()
}

// --- Keyboard --------------------------------------------------------------------------------------------------------

const KEYS = {
  ArrowUp: () => goTo(move.gap - 1),
  ArrowDown: () => goTo(move.gap + 1),
  ArrowLeft: () => goTo(move.gap, move.depth - 1),
  ArrowRight: () => goTo(move.gap, move.depth + 1),
  Home: () => goTo(0),
  End: () => goTo(move.others.length),
  Escape: () => putBack(`“${move.row.title}” stays where it is.`),
}

const onKey = (event) => {
  if (event.repeat && (event.key === "Enter" || event.key === " ")) event.preventDefault()
  if (!move || !KEYS[event.key]) return
  event.preventDefault()
  KEYS[event.key]()
  if (move) marker.scrollIntoView({ block: "center" })
}

// Enter and Space press the button; so does a click that was no drag.
const onPress = (row) => {
  if (pointer.dragged) {
    pointer.dragged = false
  } else if (move) {
    drop()
  } else {
    pickUp(row)
    show()
    status.textContent = `“${row.title}” is picked up. Choose its place with the arrow keys, then press Enter; Escape leaves it.`
  }
}

// --- Pointer ---------------------------------------------------------------------------------------------------------

const pointer = { row: null, x: 0, y: 0, scrolling: 0, dragged: false }

/* Onto the middle of a row: into it. Onto its upper or lower edge: before or after it. */
const follow = () => {
  const table = body.getBoundingClientRect()
  const x = Math.max(table.left, 0) + 20
  const row = byTr.get(document.elementFromPoint(x, pointer.y)?.closest("tr"))
  if (!row) {
    if (pointer.y > table.bottom) goTo(move.others.length, 0)
    return
  }
  const index = move.others.indexOf(row)
  if (index < 0) {
    move.gap = move.others.filter((other) => rows.indexOf(other) < rows.indexOf(move.row)).length
    move.depth = move.row.depth
    show()
    return
  }
  const box = row.tr.getBoundingClientRect()
  const part = (pointer.y - box.top) / box.height
  if (part < 0.3) goTo(index, row.depth)
  else if (part > 0.7) goTo(index + 1, row.depth)
  else goInto(row, index)
}

/* As the last one there: the gap after all that hangs on it. */
const goInto = (row, index) => {
  const end = move.others.findIndex((other, at) => at > index && other.depth <= row.depth)
  goTo(end < 0 ? move.others.length : end, row.depth + 1, row)
}

const scrollAtEdge = () => {
  if (!move || !pointer.row) return
  const by = pointer.y < EDGE ? -10 : pointer.y > innerHeight - EDGE ? 10 : 0
  if (by) {
    scrollBy(0, by)
    follow()
  }
  pointer.scrolling = requestAnimationFrame(scrollAtEdge)
}

const onPointerDown = (event, row) => {
  if (event.button !== 0 || move) return
  Object.assign(pointer, { row, x: event.clientX, y: event.clientY, dragged: false })
  row.handle.setPointerCapture(event.pointerId)
}

const onPointerMove = (event) => {
  if (!pointer.row) return
  const far = Math.hypot(event.clientX - pointer.x, event.clientY - pointer.y) > DRAG_STARTS
  if (!pointer.dragged && !far) return
  pointer.y = event.clientY
  if (!pointer.dragged) {
    pointer.dragged = true
    pickUp(pointer.row)
    scrollAtEdge()
  }
  if (move) follow()
}

const onPointerEnd = (event) => {
  cancelAnimationFrame(pointer.scrolling)
  pointer.row = null
  if (!pointer.dragged || !move) return
  if (event.type === "pointerup") drop()
  else putBack("")
}

// --- Start -----------------------------------------------------------------------------------------------------------

for (const row of rows) addFold(row)
const target = rows.find((row) => location.hash === `#page-${row.id}`)
if (target) {
  for (const row of rows) if (below(row).includes(target)) folded.delete(row.id)
}
showRows()

for (const row of rows.filter(({ handle }) => handle)) {
  row.handle.hidden = false
  row.handle.setAttribute("aria-describedby", "tree-help")
  row.handle.addEventListener("keydown", onKey)
  row.handle.addEventListener("click", () => onPress(row))
  row.handle.addEventListener("blur", () => putBack(""))
  row.handle.addEventListener("pointerdown", (event) => onPointerDown(event, row))
  row.handle.addEventListener("pointermove", onPointerMove)
  row.handle.addEventListener("pointerup", onPointerEnd)
  row.handle.addEventListener("pointercancel", onPointerEnd)
}
document.getElementById("tree-help").hidden = false
// The browser goes to the title of what was moved; who moves by keyboard goes on from its handle.
addEventListener("load", () => setTimeout(() => target?.handle?.focus({ preventScroll: true })))
addEventListener("pageshow", (event) => event.persisted && putBack(""))
