/* Several pictures at once: a thumbnail of each, one to be taken out again, and how far each has come.
   Without this the browser sends all of them in one go. */

const form = document.querySelector("[data-several]")
const input = form.querySelector("input[type=file]")
const list = form.querySelector("[data-files]")
const summary = form.querySelector("[data-summary]")
const submit = form.querySelector("input[type=submit]")
const onward = form.querySelector("[data-onward]")

let waiting = [] // { file, row }, in the order chosen

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}
const count = (number) => `${number} picture${number === 1 ? "" : "s"}`

const sketch = async (file, canvas) => {
  try {
    const bitmap = await createImageBitmap(file, { resizeHeight: 128, resizeQuality: "medium" })
    canvas.width = bitmap.width
    canvas.height = bitmap.height
    canvas.getContext("2d").drawImage(bitmap, 0, 0)
  } catch {
    canvas.classList.add("is-empty") // no picture; the server says so in words
  }
}

const refresh = () => {
  list.hidden = !list.children.length
  submit.value = waiting.length ? `Add ${count(waiting.length)}` : "Add the pictures"
  input.required = !waiting.length
}

const remove = (entry) => {
  waiting = waiting.filter((other) => other !== entry)
  const next = entry.row.nextElementSibling ?? entry.row.previousElementSibling
  entry.row.remove()
  refresh()
  const focus = next?.querySelector("button") ?? input
  focus.focus()
}

const choose = (files) => {
  for (const file of files) {
    const canvas = make("canvas", { width: 96, height: 64 })
    const entry = { file }
    const out = make("button", { type: "button", textContent: "Remove", onclick: () => remove(entry) })
    out.setAttribute("aria-label", `Remove ${file.name}`)
    entry.said = make("span", {}, `${(file.size / 1024 / 1024).toFixed(1)} MB`)
    entry.row = make("li", {}, canvas, make("strong", { textContent: file.name }), entry.said, out)
    list.append(entry.row)
    waiting.push(entry)
    sketch(file, canvas)
  }
  input.value = "" // what is chosen next comes in addition
  refresh()
}

const send = (file, progress) =>
  new Promise((resolve) => {
    const body = new FormData()
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
    body.append("files", file)
    const request = new XMLHttpRequest()
    request.open("POST", form.action)
    request.setRequestHeader("Accept", "application/json")
    request.responseType = "json"
    request.upload.onprogress = ({ loaded, total }) => {
      progress.value = loaded / total
    }
    const failed = () => resolve({ reason: "It did not arrive. Check that you are connected and signed in, and choose it again." })
    request.onload = () => (request.response?.received ? resolve(request.response.received[0]) : failed())
    request.onerror = failed
    request.send(body)
  })

const tell = ({ row, said }, { isNew, reason, label, url }) => {
  row.classList.add(isNew ? "is-added" : reason ? "is-refused" : "is-known")
  if (isNew) said.textContent = "Added."
  else if (reason) said.textContent = `Not taken: ${reason}`
  else said.replaceChildren("In the library already: ", make("a", { href: url, textContent: `“${label}”` }))
}

const sendAll = async () => {
  const sending = waiting
  const outcomes = []
  submit.disabled = true
  for (const entry of sending) {
    const progress = make("progress", { max: 1, value: 0 })
    progress.setAttribute("aria-label", `Sending ${entry.file.name}`)
    entry.row.querySelector("button").remove()
    entry.row.className = ""
    entry.said.replaceChildren(progress)
    summary.textContent = `Sending ${outcomes.length + 1} of ${sending.length} …`
    const outcome = await send(entry.file, progress)
    outcomes.push(outcome)
    tell(entry, outcome)
  }
  waiting = []
  submit.disabled = false
  refresh()
  const added = outcomes.filter(({ isNew }) => isNew).length
  if (added === sending.length) {
    location.assign(form.dataset.next)
    return
  }
  summary.textContent = `${count(added)} added, ${sending.length - added} not: see beside each why.`
  onward.hidden = !outcomes.some(({ url }) => url)
  if (!onward.hidden) onward.focus()
}

input.addEventListener("change", () => choose([...input.files]))
for (const kind of ["dragenter", "dragleave", "drop"]) {
  input.addEventListener(kind, () => input.classList.toggle("is-over", kind === "dragenter"))
}
form.addEventListener("submit", (event) => {
  event.preventDefault()
  if (waiting.length) sendAll()
})
if (input.files.length) choose([...input.files]) // chosen before this script was there
