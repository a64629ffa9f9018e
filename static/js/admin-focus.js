/* The focal point of a picture by click, drag or arrow keys. Without this the two number fields do the same. */

const clamp = (percent) => Math.min(100, Math.max(0, Math.round(percent)))
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

const prepare = (tool, x, y) => {
  const frame = tool.querySelector(".library-focus-picture")
  const crops = tool.querySelectorAll(".library-crop")
  const marker = document.createElement("button")
  marker.type = "button"
  marker.className = "library-marker"
  frame.append(marker)
  tool.classList.add("is-live")

  const show = () => {
    marker.style.left = `${clamp(x.value)}%`
    marker.style.top = `${clamp(y.value)}%`
    const where = `${clamp(x.value)} % from the left, ${clamp(y.value)} % from the top`
    marker.setAttribute("aria-label", `Focal point: ${where}. Arrow keys move it.`)
    for (const crop of crops) crop.style.objectPosition = `${clamp(x.value)}% ${clamp(y.value)}%`
  }
  const move = (left, top) => {
    x.value = clamp(left)
    y.value = clamp(top)
    show()
  }
  const follow = (event) => {
    const box = frame.getBoundingClientRect()
    move((100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height)
  }

  frame.addEventListener("pointerdown", (event) => {
    if (event.button) return
    event.preventDefault() // no dragging of the picture itself
    frame.setPointerCapture(event.pointerId)
    follow(event)
    marker.focus()
  })
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) follow(event)
  })
  marker.addEventListener("keydown", (event) => {
    const step = STEPS[event.key]
    if (!step) return
    event.preventDefault()
    const size = event.shiftKey ? 10 : 1
    move(Number(x.value) + size * step[0], Number(y.value) + size * step[1])
  })
  for (const field of [x, y]) field.addEventListener("input", show)
  show()
}

const [x, y] = ["x", "y"].map((side) => document.getElementById(`id_focal_${side}`))
const tool = document.querySelector("[data-focus]")
if (tool && x && y) prepare(tool, x, y)
