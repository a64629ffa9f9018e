/* Beside a choice of picture: the thumbnail and the alternative text of what is chosen now. */

// The admin's select announces changes through its own jQuery only.
const { jQuery } = window.django

const show = (chosen, about) => {
  chosen.querySelector("img").src = about.thumbnail
  chosen.querySelector("[data-words]").textContent = about.alt_text
  chosen.querySelector("a").href = about.url
  chosen.hidden = false
}

const refresh = async (select) => {
  const chosen = select.parentElement.querySelector(".picture-chosen")
  const { value } = select
  if (!value) {
    chosen.hidden = true
    return
  }
  const address = chosen.dataset.about.replace("/0/", `/${encodeURIComponent(value)}/`)
  const response = await fetch(address).catch(() => null)
  if (select.value !== value) return // chosen again meanwhile
  if (response?.ok) show(chosen, await response.json())
  else chosen.hidden = true
}

jQuery(document).on("change", "select[data-picture]", (event) => refresh(event.target))
