// A button beside a document's address that puts it on the clipboard. Without this the address can be selected by hand.
const field = document.querySelector(".library-address")

if (field && navigator.clipboard) {
  const button = document.createElement("button")
  button.type = "button"
  button.className = "button"
  button.textContent = "Copy the address"
  const said = document.createElement("span")
  said.className = "library-copied"
  said.setAttribute("role", "status")
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value)
      said.textContent = "Copied."
    } catch {
      field.select()
      said.textContent = "Press Ctrl and C to copy."
    }
  })
  field.after(button, said)
}
