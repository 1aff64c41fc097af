"""The computations for the table of frameworks: a small one with each framework.

In each, `thing` is what a notebook would hold (a model, an array, a session), and `value` is the
number that results from using it.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUPS: dict[str, tuple[str, ...]] = {
    "jax": ("jax", "flax", "optax", "xgboost-cpu", "lightgbm", "scikit-learn"),
    "tensorflow": ("tensorflow-cpu", "keras"),
    "torch": (
        *("torch", "lightning", "torchmetrics", "einops", "transformers", "tokenizers"),
        *("datasets", "accelerate", "scikit-learn"),
    ),
    "data": (
        *("catboost", "numba", "statsmodels", "duckdb", "gymnasium", "spacy", "gensim"),
        *("opencv-python-headless", "onnx", "onnxruntime", "dask[dataframe]", "ray", "hydra-core"),
        *("pandas", "pyarrow", "scipy", "matplotlib", "plotly", "optuna"),
    ),
    # By itself: others import it if it is installed, and then start its threads.
    "polars": ("polars",),
}
"""What each environment has beside wandb_magic: too many frameworks in one do not fit together."""

ROWS = "rows = np.random.default_rng(0).normal(size=(2000, 8))"


@dataclass(frozen=True)
class Framework:
    """A framework, and a small computation with it.

    Attributes
    ----------
    name
        Its usual name.
    package
        The distribution that provides it.
    group
        The environment of `GROUPS` in which it runs.
    imports, make, use
        Statements that import it, that create `thing`, and that compute `value` with `thing`.
    holds
        A description of `thing`.
    """

    name: str
    package: str
    group: str
    imports: str
    make: str
    use: str
    holds: str


FRAMEWORKS = (
    Framework(
        "JAX",
        "jax",
        "jax",
        "import jax.numpy as jnp",
        "thing = jnp.arange(90_000.0).reshape(300, 300) / 90_000",
        "value = float((thing @ thing).mean())",
        "an array",
    ),
    Framework(
        "TensorFlow",
        "tensorflow-cpu",
        "tensorflow",
        "import tensorflow as tf",
        "thing = tf.ones((300, 300))",
        "value = float(tf.reduce_sum(thing @ thing))",
        "a tensor",
    ),
    Framework(
        "Keras",
        "keras",
        "tensorflow",
        "import keras\nimport numpy as np",
        "layers = [keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)]\n"
        "thing = keras.Sequential(layers)\n"
        'thing.compile("sgd", "mse")\n'
        "thing.fit(np.ones((64, 8)), np.ones(64), verbose=0)",
        "value = float(thing.predict(np.ones((64, 8)), verbose=0).sum())",
        "a trained model",
    ),
    Framework(
        "XGBoost",
        "xgboost-cpu",
        "jax",
        "import numpy as np\nimport xgboost",
        f"{ROWS}\nthing = xgboost.XGBRegressor(n_estimators=20).fit(rows, rows[:, 0])",
        "value = float(abs(thing.predict(rows)).sum())",
        "a fitted model",
    ),
    Framework(
        "LightGBM",
        "lightgbm",
        "jax",
        "import lightgbm\nimport numpy as np",
        f"{ROWS}\n"
        "thing = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(rows, rows[:, 0])",
        "value = float(abs(thing.predict(rows)).sum())",
        "a fitted model",
    ),
    Framework(
        "PyTorch",
        "torch",
        "torch",
        "import torch",
        "thing = torch.nn.Linear(512, 512)\n"
        "optimizer = torch.optim.SGD(thing.parameters(), lr=0.01)\n"
        "thing(torch.ones(512, 512)).mean().backward()\n"
        "optimizer.step()",
        "value = float((thing(torch.ones(512, 512)) ** 2).mean().detach())",
        "a trained module",
    ),
    Framework(
        "scikit-learn",
        "scikit-learn",
        "torch",
        "import numpy as np\nfrom sklearn.ensemble import HistGradientBoostingRegressor",
        f"{ROWS}\nthing = HistGradientBoostingRegressor(max_iter=20).fit(rows, rows[:, 0])",
        "value = float(abs(thing.predict(rows)).sum())",
        "a fitted model",
    ),
    Framework(
        "Lightning",
        "lightning",
        "torch",
        "import lightning\nimport torch",
        "class Net(lightning.LightningModule):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layer = torch.nn.Linear(8, 1)\n"
        "    def training_step(self, batch, index):\n"
        "        return self.layer(batch).pow(2).mean()\n"
        "    def configure_optimizers(self):\n"
        "        return torch.optim.SGD(self.parameters(), lr=0.01)\n"
        "thing = Net()",
        "quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False)\n"
        'trainer = lightning.Trainer(max_steps=4, accelerator="cpu", **quiet)\n'
        "trainer.fit(thing, torch.utils.data.DataLoader(torch.ones(64, 8), 16))\n"
        "value = float(trainer.global_step)",
        "a module",
    ),
    Framework(
        "Transformers",
        "transformers",
        "torch",
        "import torch\nfrom transformers import BertConfig, BertModel",
        "sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2)\n"
        "thing = BertModel(BertConfig(vocab_size=100, intermediate_size=64, **sizes)).eval()",
        "value = float(thing(torch.arange(50)[None]).last_hidden_state.abs().sum().detach())",
        "a model",
    ),
    Framework(
        "Tokenizers",
        "tokenizers",
        "torch",
        "from tokenizers import Tokenizer, models, pre_tokenizers, trainers",
        'thing = Tokenizer(models.WordLevel(unk_token="?"))\n'
        "thing.pre_tokenizer = pre_tokenizers.Whitespace()\n"
        'words = trainers.WordLevelTrainer(special_tokens=["?"], show_progress=False)\n'
        'thing.train_from_iterator(["to be or not to be"] * 500, words)',
        'value = float(sum(len(each.ids) for each in thing.encode_batch(["to be"] * 500)))',
        "a tokenizer",
    ),
    Framework(
        "Datasets",
        "datasets",
        "torch",
        "import datasets",
        "datasets.disable_progress_bars()\n"
        'thing = datasets.Dataset.from_dict({"x": list(range(1000))})',
        'value = float(sum(thing.map(lambda row: {"y": 2 * row["x"]})["y"]))',
        "a dataset",
    ),
    Framework(
        "Accelerate",
        "accelerate",
        "torch",
        "import torch\nfrom accelerate import Accelerator",
        "thing = Accelerator(cpu=True)",
        "model = thing.prepare(torch.nn.Linear(64, 64))\n"
        "thing.backward(model(torch.ones(64, 64)).mean())\n"
        "value = float(model.weight.grad.sum())",
        "an `Accelerator`",
    ),
    Framework(
        "TorchMetrics",
        "torchmetrics",
        "torch",
        "import torch\nimport torchmetrics",
        "thing = torchmetrics.MeanSquaredError()\nthing.update(torch.ones(100), torch.zeros(100))",
        "value = float(thing.compute())",
        "a metric",
    ),
    Framework(
        "einops",
        "einops",
        "torch",
        "import torch\nfrom einops.layers.torch import Rearrange",
        'thing = Rearrange("a b -> b a")',
        "value = float(thing(torch.ones(40, 60)).shape[0])",
        "a layer",
    ),
    Framework(
        "Flax",
        "flax",
        "jax",
        "import jax.numpy as jnp\nfrom flax import nnx",
        "thing = nnx.Linear(64, 64, rngs=nnx.Rngs(0))",
        "value = float(abs(thing(jnp.ones((64, 64)))).sum())",
        "a module",
    ),
    Framework(
        "Optax",
        "optax",
        "jax",
        "import jax.numpy as jnp\nimport optax",
        "thing = optax.adam(0.1)",
        "values = jnp.ones(1000)\n"
        "value = float(abs(thing.update(values, thing.init(values))[0]).sum())",
        "an optimizer",
    ),
    Framework(
        "CatBoost",
        "catboost",
        "data",
        "import catboost\nimport numpy as np",
        f"{ROWS}\n"
        "quiet = dict(verbose=False, allow_writing_files=False)\n"
        "thing = catboost.CatBoostRegressor(iterations=20, **quiet)\n"
        "thing.fit(rows, rows[:, 0])",
        "value = float(abs(thing.predict(rows)).sum())",
        "a fitted model",
    ),
    Framework(
        "statsmodels",
        "statsmodels",
        "data",
        "import numpy as np\nimport statsmodels.api as sm",
        f"{ROWS}\nthing = sm.OLS(rows[:, 0], rows[:, 1:]).fit()",
        "value = float(abs(thing.predict(rows[:, 1:])).sum())",
        "a fitted model",
    ),
    Framework(
        "Numba",
        "numba",
        "data",
        "import numba\nimport numpy as np",
        "@numba.njit(parallel=True)\n"
        "def thing(numbers):\n"
        "    total = 0.0\n"
        "    for place in numba.prange(len(numbers)):\n"
        "        total += numbers[place]\n"
        "    return total",
        "value = float(thing(np.ones(100_000)))",
        "a compiled parallel function",
    ),
    Framework(
        "pandas",
        "pandas",
        "data",
        "import pandas",
        'thing = pandas.DataFrame({"a": range(100_000)})',
        'value = float(thing.groupby(thing["a"] % 7)["a"].sum().max())',
        "a frame",
    ),
    Framework(
        "Polars",
        "polars",
        "polars",
        "import polars",
        'thing = polars.DataFrame({"a": range(100_000)})',
        'grouped = thing.group_by(polars.col("a") % 7).agg(polars.col("a").sum().alias("b"))\n'
        'value = float(grouped["b"].sum())',
        "a frame",
    ),
    Framework(
        "PyArrow",
        "pyarrow",
        "data",
        "import pyarrow",
        'thing = pyarrow.table({"a": list(range(100_000))})',
        'value = float(thing.group_by("a").aggregate([("a", "sum")])["a_sum"][-1].as_py())',
        "a table",
    ),
    Framework(
        "DuckDB",
        "duckdb",
        "data",
        "import duckdb",
        "thing = duckdb.connect()",
        'value = float(thing.sql("select sum(range) from range(100000)").fetchall()[0][0])',
        "a connection",
    ),
    Framework(
        "Dask",
        "dask",
        "data",
        "import dask.array",
        "thing = dask.array.ones((1000, 1000), chunks=250)",
        "value = float(thing.sum().compute())",
        "an array",
    ),
    Framework(
        "Ray",
        "ray",
        "data",
        "import ray",
        "def twice(number):\n    return 2 * number\nthing = ray.remote(twice)",
        "ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)\n"
        "value = float(ray.get(thing.remote(21)))\n"
        "ray.shutdown()",
        "a remote function",
    ),
    Framework(
        "SciPy",
        "scipy",
        "data",
        "import numpy as np\nimport scipy.optimize\nimport scipy.sparse",
        'thing = scipy.sparse.eye(1000, format="csr") * 2.0',
        "found = scipy.optimize.minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(3))\n"
        "value = float((thing @ np.ones(1000)).sum() + found.fun)",
        "a sparse matrix",
    ),
    Framework(
        "Matplotlib",
        "matplotlib",
        "data",
        "import io\nimport matplotlib.pyplot as plt",
        "thing, axes = plt.subplots()\naxes.plot([1, 2, 3])",
        'thing.savefig(io.BytesIO(), format="png")\nvalue = float(len(thing.axes))',
        "a figure",
    ),
    Framework(
        "Plotly",
        "plotly",
        "data",
        "import plotly.graph_objects as go",
        "thing = go.Figure(go.Scatter(y=[1, 2, 3]))",
        "value = float(len(thing.to_dict()['data']))",
        "a figure",
    ),
    Framework(
        "OpenCV",
        "opencv-python-headless",
        "data",
        "import cv2\nimport numpy as np",
        "thing = cv2.SIFT_create()",
        "image = np.random.default_rng(0).integers(0, 255, (256, 256), np.uint8)\n"
        "value = float(len(thing.detect(cv2.GaussianBlur(image, (5, 5), 0))))",
        "a detector",
    ),
    Framework(
        "ONNX Runtime",
        "onnxruntime",
        "data",
        "import numpy as np\nimport onnx.parser\nimport onnxruntime",
        "model = onnx.parser.parse_model('''<ir_version: 8, opset_import: [\"\": 17]>\n"
        "    sums (float[N, N] x) => (float[N, N] y) { y = MatMul(x, x) }''')\n"
        "thing = onnxruntime.InferenceSession(model.SerializeToString())",
        'value = float(thing.run(None, {"x": np.ones((300, 300), np.float32)})[0].mean())',
        "a session",
    ),
    Framework(
        "Gymnasium",
        "gymnasium",
        "data",
        "import gymnasium",
        'thing = gymnasium.make("CartPole-v1")',
        "thing.reset(seed=0)\nvalue = float(sum(thing.step(0)[1] for _ in range(5)))",
        "an environment",
    ),
    Framework(
        "spaCy",
        "spacy",
        "data",
        "import spacy",
        'thing = spacy.blank("en")',
        'value = float(len(thing("To be, or not to be")))',
        "a blank pipeline",
    ),
    Framework(
        "Gensim",
        "gensim",
        "data",
        "from gensim.models import Word2Vec",
        'thing = Word2Vec([["to", "be", "or", "not"]] * 100, vector_size=8, min_count=1)',
        'value = float(abs(thing.wv["to"]).sum())',
        "a model",
    ),
    Framework(
        "Hydra",
        "hydra-core",
        "data",
        "import hydra.utils\nfrom omegaconf import OmegaConf",
        'thing = OmegaConf.create({"_target_": "fractions.Fraction", "numerator": 3})',
        "value = float(hydra.utils.instantiate(thing))",
        "a config",
    ),
    Framework(
        "Optuna",
        "optuna",
        "data",
        "import optuna",
        "thing = optuna.create_study()",
        'thing.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=5)\n'
        "value = float(len(thing.trials))",
        "a study",
    ),
)
