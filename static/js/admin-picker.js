/* The window in which the editor chooses from the library: hands the choice back and closes. */

const list = document.querySelector("[data-function]")

const choose = ({ url, alt }) => {
  const editor = window.opener?.CKEDITOR
  if (!editor) return
  // The editor calls this with the dialog's field as `this`, before it puts the address there.
  const fill = function () {
    const dialog = this.getDialog()
    if (dialog.getName() === "image2") dialog.setValueOf("info", "alt", alt)
  }
  editor.tools.callFunction(Number(list.dataset.function), url, fill)
  window.close()
}

list?.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-url]")
  if (button) choose(button.dataset)
})
