"""Runs Optuna's TPE sampler on the standard functions and writes what it found.

    python compare_tpe.py optuna-results.json [--seeds 30]

The functions and search spaces are those of packages/platform/src/tuning/testing/standard-functions.ts. `checkpoints` holds the
value of each function at fixed points, so that the other side can prove that both optimise the same thing.
"""

import argparse
import json
import math

import optuna

HARTMANN_WEIGHTS = [1, 1.2, 3, 3.2]
HARTMANN_SCALES = [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
]
HARTMANN_CENTRES = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def branin(p):
    x, y = p["x"], p["y"]
    bow = y - (5.1 / (4 * math.pi**2)) * x**2 + (5 / math.pi) * x - 6
    return bow**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(p):
    total = 0.0
    for weight, scales, centres in zip(HARTMANN_WEIGHTS, HARTMANN_SCALES, HARTMANN_CENTRES):
        exponent = sum(scale * (p[f"x{i}"] - centre) ** 2 for i, (scale, centre) in enumerate(zip(scales, centres)))
        total -= weight * math.exp(-exponent)
    return total


def mixed(p):
    penalty = {"sgd": 1, "adam": 0, "rmsprop": 0.4, "lbfgs": 2}[p["method"]]
    return (
        (math.log10(p["rate"]) + 2.5) ** 2
        + ((p["depth"] - 7) / 4) ** 2
        + ((math.log2(p["units"]) - 6) / 2) ** 2
        + (4 * (p["share"] - 0.3)) ** 2
        + penalty
    )


def rosenbrock(p):
    return sum(100 * (p[f"x{i + 1}"] - p[f"x{i}"] ** 2) ** 2 + (1 - p[f"x{i}"]) ** 2 for i in range(2))


def uniform(count, low, high):
    return lambda trial: {f"x{i}": trial.suggest_float(f"x{i}", low, high) for i in range(count)}


FUNCTIONS = {
    "branin": (
        branin,
        60,
        lambda trial: {"x": trial.suggest_float("x", -5, 10), "y": trial.suggest_float("y", 0, 15)},
        {"x": 1.5, "y": 2.25},
    ),
    "hartmann6": (hartmann6, 100, uniform(6, 0, 1), {f"x{i}": 0.1 + 0.1 * i for i in range(6)}),
    "mixed": (
        mixed,
        80,
        lambda trial: {
            "rate": trial.suggest_float("rate", 1e-5, 1, log=True),
            "depth": trial.suggest_int("depth", 1, 20),
            "units": trial.suggest_int("units", 1, 1024, log=True),
            "share": trial.suggest_float("share", 0, 1, step=0.05),
            "method": trial.suggest_categorical("method", ["sgd", "adam", "rmsprop", "lbfgs"]),
        },
        {"rate": 0.02, "depth": 11, "units": 100, "share": 0.45, "method": "rmsprop"},
    ),
    "rosenbrock": (rosenbrock, 100, uniform(3, -2, 2), {"x0": -1.1, "x1": 0.4, "x2": 1.3}),
}


def smallest_value(name, seed):
    function, trials, suggest, _ = FUNCTIONS[name]
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(lambda trial: function(suggest(trial)), n_trials=trials)
    return study.best_value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--seeds", type=int, default=30)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    results = {
        "optuna": optuna.__version__,
        "functions": {
            name: {
                "trials": trials,
                "checkpoint": {"parameters": point, "value": function(point)},
                "best": [smallest_value(name, seed) for seed in range(options.seeds)],
            }
            for name, (function, trials, _, point) in FUNCTIONS.items()
        },
    }
    with open(options.target, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
