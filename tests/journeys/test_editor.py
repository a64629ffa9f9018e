import io
import json
import pytest
from PIL import Image as Pillow
pytestmark=[pytest.mark.browser, pytest.mark.django_db(transaction=True)]

def test_explore(live_server, context, sign_in, settings):
    sign_in(context,"Editor")
    page=context.new_page()
    log=[]
    page.on("console", lambda m: log.append(("console",m.type,m.text)))
    page.on("pageerror", lambda e: log.append(("error",str(e))))
    reqs=[]
    page.on("request", lambda r: reqs.append(r.url))
    page.on("requestfailed", lambda r: log.append(("failed",r.url,r.failure)))
    page.on("dialog", lambda d: (log.append(("dialog",d.message)), d.accept()))
    r=page.goto(live_server.url+"/admin/news/article/add/")
    print(r.headers.get("content-security-policy"))
    page.wait_for_selector(".cke_wysiwyg_frame"); page.wait_for_timeout(1500); print("\n".join(map(str,log)))
    print(page.evaluate("Object.keys(CKEDITOR.instances.id_body.plugins).join(' ')"))
    print("\n".join(reqs))
    page.screenshot(path="/tmp/shots/form.png",full_page=True)
    page.click(".cke_button__image")
    page.wait_for_selector(".cke_dialog")
    page.wait_for_timeout(500)
    page.screenshot(path="/tmp/shots/dialog.png")
    print(*log,sep="\n")
