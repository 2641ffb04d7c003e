import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as opened:
        yield opened
    await application.state.services.renderer.close()


async def test_the_page_lets_files_and_folders_be_chosen(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ui/upload")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'type="file" id="upload-files" multiple' in answer.text
    assert 'type="file" id="upload-folder" webkitdirectory' in answer.text
    assert 'href="/ui/upload" aria-current="page"' in answer.text


async def test_what_the_page_loads_is_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/ui/upload")).text
    waiting = re.findall(r'(?:src|href)="(/ui/static/[^"]+)"', page)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await client.get(path)
        assert (path, answer.status_code) == (path, 200)
        folder = path.rpartition("/")[0]
        if path.endswith(".js") and "/vendor/" not in path:
            waiting += [f"{folder}/{name}" for name in re.findall(r'from "\./([\w.]+)"', answer.text)]
    names = {path.rpartition("/")[2] for path in seen}
    assert {"upload.js", "upload.css", "upload_queue.js", "zip_reader.js", "part10.js"} <= names


async def test_the_page_has_no_script_or_style_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ui/upload")
    assert re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text) is None
    assert "script-src 'self'" in answer.headers["content-security-policy"]
