/* What the editor does our way: pictures go to the picture library, with words for readers who cannot see them.

   Loaded after ckeditor.js and before any editor starts. Without it the editor works, but takes no pictures. */
(() => {
  "use strict"

  const ADVICE = "Write first what the picture shows, in a few words, for readers who cannot see it."
  const FOREIGN = "Pictures of other sites are not taken over. Save the picture on your computer and add it from there."

  // Addresses of pictures that came by paste or drop, and still need their words.
  const wordless = new Set()

  const csrfToken = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? ""
  const isOurs = (editor, url) =>
    url.startsWith(editor.config.psgMedia) || url.startsWith(location.origin + editor.config.psgMedia)

  CKEDITOR.config.uploadImage_supportedTypes = /image\/(jpeg|png|gif|webp|bmp|svg\+xml|tiff|heic|avif)/

  // --- The picture dialog: the words, the file, and no address to type -------------------------------------------

  const wordsMissing = (dialog) => {
    if (dialog.getValueOf("info", "alt").trim()) return false
    alert(ADVICE)
    dialog.getContentElement("info", "alt").focus()
    return true
  }

  const alternativeText = (original) => ({
    ...original,
    label: "Alternative text: what the picture shows",
    required: true,
    validate() {
      return this.getValue().trim() ? true : ADVICE
    },
    commit(widget) {
      widget.setData("alt", this.getValue().trim())
    },
  })

  const address = (editor, original) => ({
    ...original,
    label: "Address in the picture library (filled in by itself)",
    onLoad() {
      this.getInputElement().setAttribute("readonly", "readonly")
    },
    validate() {
      const url = this.getValue()
      if (!url) return "Choose a file and press “Add to the library” first."
      return isOurs(editor, url) ? true : FOREIGN
    },
  })

  // In a box of its own: in one list the plugin gives the upload button the address of whatever stands before it.
  const choose = (editor) => {
    const filebrowser = { action: "Browse", target: "info:src", url: editor.config.filebrowserImageBrowseUrl }
    const button = { type: "button", id: "browse", label: "Choose from the library …", hidden: true, filebrowser }
    return { type: "vbox", id: "browseBox", children: [button] }
  }

  const upload = () => [
    { type: "file", id: "upload", label: "Picture: JPEG, PNG, WebP or GIF, at most 10 MB" },
    {
      type: "fileButton",
      id: "uploadButton",
      label: "Add to the library",
      for: ["info", "upload"],
      filebrowser: { action: "QuickUpload", target: "info:src" },
      onClick() {
        return !wordsMissing(this.getDialog())
      },
    },
  ]

  // Before the filebrowser plugin, which gives upload fields their address.
  CKEDITOR.on(
    "dialogDefinition",
    ({ editor, data: { name, definition } }) => {
      if (name !== "image2") return
      const info = definition.getContents("info")
      const [source, alt] = [info.get("src"), info.get("alt")]
      const others = info.elements.filter(({ id }) => id !== "alt" && id !== undefined)
      const size = info.elements.filter((element) => element.type === "hbox" && element.id === undefined)
      const caption = info.get("hasCaption")
      if (caption) caption.label = "With a caption under the picture"
      info.elements = [choose(editor), alternativeText(alt), ...upload(), address(editor, source), ...size, ...others]
      definition.title = "Picture"
      definition.removeContents("Upload")
      definition.minWidth = 460
    },
    null,
    null,
    1,
  )

  // --- Uploads -----------------------------------------------------------------------------------------------------

  const openImageDialog = () => {
    const dialog = CKEDITOR.dialog.getCurrent()
    return dialog?.getName() === "image2" ? dialog : null
  }

  const describe = (editor, url, alt) => {
    const body = new FormData()
    body.append("url", url)
    body.append("alt", alt)
    // The words stand in the text either way; the library only keeps them for the next use.
    fetch(editor.config.psgDescribeUrl, { method: "POST", body, headers: { "X-CSRFToken": csrfToken() } }).catch(() => {})
  }

  const widgetsOf = (editor) => Object.values(editor.widgets.instances).filter((widget) => widget.name === "image")

  const askForWords = (editor) => {
    if (CKEDITOR.dialog.getCurrent()) return
    const widget = widgetsOf(editor).find(({ data }) => wordless.has(data.src) && !data.alt)
    if (!widget) return
    widget.focus()
    widget.edit()
  }

  const sayItIsKnown = (editor, { existing }) => {
    if (!existing) return
    const escape = CKEDITOR.tools.htmlEncodeAttr
    const link = `<a href="${escape(existing.url)}" target="_blank">“${escape(existing.label)}”</a>`
    editor.showNotification(`This picture is in the library already: ${link}. That one is used.`, "info", 0)
  }

  const watchUploads = (editor) => {
    editor.on("fileUploadResponse", ({ data }) => sayItIsKnown(editor, data), null, null, 1000)
    editor.on("fileUploadRequest", ({ data }) => {
      const dialog = openImageDialog()
      if (dialog) data.requestData.alt = dialog.getValueOf("info", "alt").trim()
      else data.fileLoader.on("uploaded", ({ sender }) => placed(editor, sender.responseData))
    })
    editor.on("dialogHide", ({ data: dialog }) => {
      if (dialog.getName() !== "image2") return
      const { src, alt } = dialog.widget?.data ?? {}
      if (wordless.delete(src) && alt) describe(editor, src, alt)
      setTimeout(() => askForWords(editor))
    })
  }

  // A pasted picture has reached the library and, a moment later, stands in the text.
  const placed = (editor, { url, alt }) => {
    if (alt) {
      setTimeout(() => {
        for (const widget of widgetsOf(editor)) {
          if (widget.data.src === url && !widget.data.alt) widget.setData("alt", alt)
        }
      })
      return
    }
    wordless.add(url)
    setTimeout(() => askForWords(editor))
  }

  // --- Other sites' pictures ---------------------------------------------------------------------------------------

  const dropForeignPictures = (editor) => {
    // For the editor's filters, false means "remove it" and nothing means "leave it".
    const img = ({ attributes }) => {
      if (attributes["data-cke-upload-id"] || attributes["data-cke-realelement"]) return
      if (isOurs(editor, attributes["data-cke-saved-src"] ?? attributes.src ?? "")) return
      editor.showNotification(FOREIGN, "warning")
      return false
    }
    editor.dataProcessor.dataFilter.addRules({ elements: { img } }, { applyToAll: true })
  }

  // --- Empty paragraphs, of which Word is full ---------------------------------------------------------------------

  const dropEmptyParagraphs = (editor) => {
    const last = 999 // the editor itself inserts at 1000
    const drop = ({ data }) => {
      data.dataValue = data.dataValue.replace(/<p[^>]*>(\s|&nbsp;|<br[^>]*>)*<\/p>/gi, "")
    }
    editor.on("paste", drop, null, null, last)
  }

  CKEDITOR.on("instanceCreated", ({ editor }) => {
    editor.on("configLoaded", () => {
      editor.config.fileTools_requestHeaders = { "X-CSRFToken": csrfToken() }
    })
    editor.on("loaded", () => {
      watchUploads(editor)
      dropForeignPictures(editor)
      dropEmptyParagraphs(editor)
      // As the server does it: the page's own title is the h1.
      for (const [from, to] of [["h1", "h2"], ["h5", "h4"], ["h6", "h4"]]) {
        const right = (element) => {
          element.name = to
        }
        editor.filter.addTransformations([[{ element: from, check: to, right }]])
      }
    })
  })
})()
