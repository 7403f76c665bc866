"""Tasks by kubectl and over REST, with the shipped functions and real inputs."""

from pathlib import Path

import httpx2

from asynctaskflow_testkit.kubernetes.product import Product

SAMPLES = Path(__file__).parents[2] / "examples" / "samples"


def finished(product: Product, name: str, *, within_s: int = 90) -> dict:
    product.kubectl("wait", "--for=condition=Finished", f"task/{name}", f"--timeout={within_s}s")
    return product.get("task", name)


def test_a_text_applied_with_kubectl_has_its_summary_in_its_status(product: Product):
    text = (SAMPLES / "article.txt").read_text()

    product.apply_task("article", "summarize", input={"text": text})
    task = finished(product, "article")

    assert task["status"]["state"] == "COMPLETED"
    assert task["status"]["result"]["provider"] == "offline"
    assert all(sentence in text for sentence in task["status"]["result"]["summary"].split(". ")[:1])
    assert task["status"]["taskId"] == f"summarize-{task['metadata']['uid']}"


def test_a_newspaper_is_taken_apart_by_the_reference_of_its_upload(product: Product):
    answer = product.http.post(
        "/api/v1/uploads?function=pdfxtract",
        content=(SAMPLES / "gazette.pdf").read_bytes(),
        headers={"Content-Type": "application/pdf"},
    )
    answer.raise_for_status()

    given = {"pdf_ref": answer.json()["ref"], "filename": "gazette.pdf"}
    product.apply_task("gazette", "pdfxtract", input=given)
    task = finished(product, "gazette")

    assert task["status"]["state"] == "COMPLETED"
    output = product.http.get(task["status"]["resultPath"]).json()
    assert "article" in str(output).lower()


def test_a_task_over_the_service_comes_back_with_its_result(product: Product):
    text = (SAMPLES / "article.txt").read_text()

    answer = product.http.post("/api/v1/functions/summarize/tasks?wait=60", json={"text": text})

    assert answer.status_code == 200
    assert answer.json()["state"] == "COMPLETED"


def test_without_a_key_the_service_answers_nobody(product: Product):
    answer = httpx2.get(f"{product.url()}/api/v1/functions", timeout=10, trust_env=False)

    assert answer.status_code == 401


def test_columns_say_what_a_task_and_its_function_do(product: Product):
    table = product.kubectl("get", "atf")

    assert "FUNCTION" in table
    assert "LIMITED-BY" in table
    assert "summarize" in table


def test_explain_describes_the_scaling_of_a_function(product: Product):
    text = product.kubectl("explain", "function.spec.scaling")

    assert "minReplicas" in text
    assert "Never fewer workers than this" in text
