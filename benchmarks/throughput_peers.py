"""One peer of the throughput benchmark, run by the Python that has it: nothing of Sixhop is imported here.

    PYTHON benchmarks/throughput_peers.py distilabel|curator|data-designer URL TASK.json WIDTH

Each is asked for one reply for each prompt with up to WIDTH requests at once, by its documented way, without its cache
and its telemetry. Prints what it took as a line of JSON; CPU is that of this process and its children, without imports.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

OFF = {
    "TELEMETRY_ENABLED": "false",
    "CURATOR_DISABLE_CACHE": "true",
    "CURATOR_VIEWER": "false",
    "NEMO_TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "OPENAI_API_KEY": "none",
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",
}


def distilabel(url: str, task: dict[str, Any], width: int) -> Callable[[], int]:
    """A pipeline of one text generation; batches as large as the requests that may be in flight."""
    from distilabel.models import OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps import LoadDataFromDicts
    from distilabel.steps.tasks import TextGeneration

    rows = [{"instruction": user, "system_prompt": task["system"]} for user in task["users"]]
    kwargs = {"temperature": 1.0, "max_new_tokens": 400, "response_format": {"type": "json_object"}}
    with Pipeline(name="bench") as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=width)
        llm = OpenAILLM(model="fake", base_url=url, api_key="none", generation_kwargs=kwargs)
        load >> TextGeneration(llm=llm, input_batch_size=width, add_raw_input=False)

    def run() -> int:
        made = pipeline.run(use_cache=False)
        return sum(1 for row in made["default"]["train"] if row["generation"])

    return run


def curator(url: str, task: dict[str, Any], width: int) -> Callable[[], int]:
    """One LLM; its own ``response_format`` is refused for models that LiteLLM does not know."""
    from bespokelabs import curator as library
    from datasets import Dataset

    class Poser(library.LLM):  # type: ignore[misc]
        def prompt(self, row: dict[str, Any]) -> list[dict[str, str]]:
            return [{"role": "system", "content": task["system"]}, {"role": "user", "content": row["user"]}]

        def parse(self, row: dict[str, Any], reply: str) -> dict[str, Any]:
            return {"reply": json.loads(reply)}

    params = {
        "base_url": url,
        "api_key": "none",
        "max_requests_per_minute": 10_000_000,
        "max_tokens_per_minute": 10_000_000_000,
        "max_concurrent_requests": width,
        "max_retries": 0,
    }
    sampling = {"temperature": 1.0, "max_tokens": 400, "response_format": {"type": "json_object"}}
    poser = Poser(model_name="openai/fake", backend="litellm", generation_params=sampling, backend_params=params)
    data = Dataset.from_list([{"user": user} for user in task["users"]])

    def run() -> int:
        made = poser(data)
        return len(getattr(made, "dataset", made))

    return run


def data_designer(url: str, task: dict[str, Any], width: int) -> Callable[[], int]:
    """One column of text over a seed of prompts; its structured columns put their own schema into the prompt."""
    import data_designer.config as dd
    import pandas as pd
    from data_designer.interface import DataDesigner

    provider = dd.ModelProvider(name="bench", endpoint=url, api_key="none")
    sampling = dd.ChatCompletionInferenceParams(temperature=1.0, max_tokens=400, max_parallel_requests=width)
    model = dd.ModelConfig(
        alias="m", model="fake", provider="bench", inference_parameters=sampling, skip_health_check=True
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pd.DataFrame({"user": task["users"]})))
    column = dd.LLMTextColumnConfig(
        name="reply", prompt="{{ user }}", system_prompt=task["system"].replace("{", "{{ '{' }}"), model_alias="m"
    )
    builder.add_column(column)
    designer = DataDesigner(artifact_path=tempfile.mkdtemp(), model_providers=[provider])
    designer.set_run_config(dd.RunConfig(buffer_size=len(task["users"])))

    def run() -> int:
        made = designer.create(builder, num_records=len(task["users"]))
        return len(made.load_dataset())

    return run


PEERS = {"distilabel": distilabel, "curator": curator, "data-designer": data_designer}
PACKAGES = {"curator": "bespokelabs-curator"}


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Run one peer in a folder of its own."""
    name, url, task, width = sys.argv[1:5]
    given = json.loads(Path(task).read_text(encoding="utf-8"))
    os.environ.update(OFF)
    os.environ["HOME"] = tempfile.mkdtemp()
    os.environ["CURATOR_CACHE_DIR"] = tempfile.mkdtemp()
    run = PEERS[name](url, given, int(width))
    before = _cpu_s()
    products = run()
    package = PACKAGES.get(name, name)
    print(json.dumps({"cpu_s": _cpu_s() - before, "products": products, "name": f"{package} {version(package)}"}))


if __name__ == "__main__":
    main()
