/* Speakers stay in the order in which they are chosen: who is taken out and chosen again comes last. */

// The admin's select announces changes through its own jQuery only.
const { jQuery } = window.django

jQuery(document).on("select2:select", "select[name$='-who']", (event) => {
  const chosen = [...event.target.options].find((option) => option.value === String(event.params.data.id))
  if (chosen) event.target.append(chosen)
  jQuery(event.target).trigger("change")
})
