import httpx
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from app.metrics import Metrics, RequestMetrics


def application(metrics: Metrics) -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestMetrics, metrics=metrics)

    @app.post("/studies/{study}", response_class=PlainTextResponse)
    async def store(study: str, request: Request) -> str:
        return str(len(await request.body()))

    return app


def client(metrics: Metrics) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application(metrics)), base_url="http://test")


async def test_requests_are_counted_by_method_route_and_status() -> None:
    metrics = Metrics()
    async with client(metrics) as http:
        await http.post("/studies/1.2.3", content=b"12345")
        await http.post("/studies/4.5.6", content=b"1234567890")
    text = metrics.render().decode()
    labels = 'method="POST",route="/studies/{study}"'
    assert f'isocenter_http_requests_total{{{labels},status="200"}} 2.0' in text
    assert f"isocenter_http_request_duration_seconds_count{{{labels}}} 2.0" in text
    assert 'isocenter_http_received_bytes_total{route="/studies/{study}"} 15.0' in text
    assert 'isocenter_http_sent_bytes_total{route="/studies/{study}"} 3.0' in text


async def test_a_client_cannot_make_up_labels() -> None:
    metrics = Metrics()
    async with client(metrics) as http:
        await http.request("SNOOP", "/secret/patient")
    text = metrics.render().decode()
    assert 'isocenter_http_requests_total{method="other",route="unmatched",status="404"} 1.0' in text
    assert "patient" not in text


def test_what_the_archive_holds_is_asked_for_when_metrics_are() -> None:
    held = {"studies": 1}
    metrics = Metrics(lambda: held)
    held["studies"] = 2
    assert b"isocenter_archive_studies 2.0" in metrics.render()


def test_the_process_is_measured_too() -> None:
    assert b"process_resident_memory_bytes" in Metrics().render()
