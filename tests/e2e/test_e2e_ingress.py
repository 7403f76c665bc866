"""REST and its event stream through the Ingress, with an nginx that is configured from the live object."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.lifetime import LOOPBACK, end, free_port
from asynctaskflow_testkit.waiting import until

PREFIX = "nginx.ingress.kubernetes.io/"
SERVER = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {listen};
    server_name {host};
    location {path} {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
      proxy_buffering {buffering};
      proxy_read_timeout {read_timeout}s;
      client_max_body_size {body_size};
    }}
  }}
}}
"""


@pytest.fixture
def ingress(product: Product, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A client of the host that the Ingress names, through nginx."""
    found = product.get("ingress", f"{product.full}-api")
    (rule,) = found["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"]["name"] == f"{product.full}-api"
    annotations, port = found["metadata"]["annotations"], free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        SERVER.format(
            folder=tmp_path,
            listen=f"{LOOPBACK}:{port}",
            host=rule["host"],
            path=path["path"],
            upstream=urlsplit(product.url()).netloc,
            buffering=annotations[f"{PREFIX}proxy-buffering"],
            read_timeout=annotations[f"{PREFIX}proxy-read-timeout"],
            body_size=annotations[f"{PREFIX}proxy-body-size"],
        )
    )
    server = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(config)])
    headers = {"Host": rule["host"], "Authorization": f"Bearer {product.api_key}"}
    with httpx2.Client(
        base_url=f"http://{LOOPBACK}:{port}", headers=headers, timeout=70, trust_env=False
    ) as client:
        until(lambda: answers(client), 20, what="nginx answers")
        yield client
    end(server)


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/live").status_code == 200
    except httpx2.TransportError:
        return False


def test_a_task_is_submitted_and_waited_for_through_the_ingress(ingress: httpx2.Client):
    answer = ingress.post("/api/v1/functions/probe/tasks?wait=60", json={"seconds": 0.1})

    assert answer.json()["state"] == "COMPLETED"


def test_events_come_through_the_ingress_as_they_happen(ingress: httpx2.Client):
    seen = []
    with ingress.stream("GET", "/api/v1/events?function=probe") as stream:
        task_id = ingress.post("/api/v1/functions/probe/tasks", json={}).json()["task_id"]
        for line in stream.iter_lines():
            if line.startswith("data:") and task_id in line:
                seen.append(json.loads(line.removeprefix("data:")))
                if "COMPLETED" in line:
                    break

    assert len(seen) >= 2
