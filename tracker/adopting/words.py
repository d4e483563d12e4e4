"""What people call the columns of their experiment sheets: words that tell metrics, params and the rest apart.

Collected from published sheets and scripts; the lists are English and German, since those are what was found.
"""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


RUNS_WORDS: dict[str, tuple[str, ...]] = {
    "run_id": ("run id", "runid", "run uuid", "uuid", "experiment id", "exp id", "id", "identifier"),
    "name": (
        "run name",
        "name",
        "headline",
        "title",
        "run",
        "experiment name",
        "exp name",
        "trial",
        "bezeichnung",
        "titel",
    ),
    "experiment": ("experiment", "exp", "project", "task", "study", "projekt", "use case"),
    "status": ("status", "state", "zustand"),
    "owner": (
        "owner",
        "user",
        "who",
        "author",
        "by",
        "run by",
        "contact",
        "contacts",
        "responsible",
        "person",
        "engineer",
        "data scientist",
        "wer",
        "verantwortlich",
    ),
    "start_time": (
        "start",
        "start time",
        "started",
        "started at",
        "start date",
        "date",
        "datum",
        "date period",
        "period",
        "timestamp",
        "when",
        "day",
        "run date",
        "created",
        "time started",
        "beginn",
    ),
    "end_time": ("end", "end time", "ended", "finished", "finished at", "end date", "ende", "completed"),
    "duration": (
        "duration",
        "runtime",
        "run time",
        "training time",
        "train time",
        "elapsed",
        "time",
        "dauer",
        "wall time",
    ),
    "goal": ("goal", "hypothesis", "aim", "purpose", "question", "objective", "ziel", "hypothese", "why", "motivation"),
    "change": ("change", "changes", "what changed", "difference", "modification", "änderung", "changed"),
    "insight": (
        "insight",
        "insights",
        "finding",
        "findings",
        "conclusion",
        "conclusions",
        "learned",
        "learning",
        "takeaway",
        "observation",
        "observations",
        "erkenntnis",
        "fazit",
        "verdict",
    ),
    "next_step": ("next step", "next steps", "next", "todo", "to do", "follow up", "nächste schritte", "action"),
    "notes": (
        "notes",
        "note",
        "comment",
        "comments",
        "remark",
        "remarks",
        "notiz",
        "notizen",
        "bemerkung",
        "kommentar",
        "anmerkung",
        "description",
    ),
    "git_commit": (
        "git commit",
        "commit",
        "commit hash",
        "sha",
        "git sha",
        "git hash",
        "code version",
        "revision",
        "code commit",
    ),
    "git_branch": ("branch", "git branch"),
    "source": ("script", "source", "code", "notebook", "code url", "code link", "entry point"),
    "command": ("command", "cmd", "command line"),
    "host": ("host", "machine", "server", "node", "hardware", "computer"),
    "python": ("python", "python version"),
}
"""Other names of columns of the runs table."""

METRIC_WORDS = _set(
    """
    accuracy acc auc auroc roc rocauc prauc aucpr ap map f1 fscore f1score fbeta precision recall sensitivity
    specificity loss logloss nll bce ce rmse mse mae mape smape rmsle medae r2 r² rsquared explained evs iou miou
    dice jaccard bleu rouge meteor wer cer ter perplexity ppl ndcg mrr hit hits kappa mcc gini ks lift brier ece
    error err score reward return psnr ssim fid inception bpc throughput latency balanced top1 top5 em exact
    recall@k fpr tpr fnr tnr genauigkeit fehler verlust güte correlation pearson spearman silhouette likelihood elbo
    """
)
METRIC_PARTS = _set(
    """
    val valid validation test train training dev cv eval holdout oof lb mean std avg best final macro micro weighted
    """
)
"""Words that stand beside a metric's name and say of what it is; alone they say nothing."""

PARAM_WORDS = _set(
    """
    lr learning rate eta epochs epoch iters iterations iter steps batch batchsize bs size depth maxdepth estimators
    trees ntrees layers layer hidden units neurons width dim dims embedding heads dropout optimizer optimiser
    momentum weight decay wd l1 l2 alpha beta gamma lambda c penalty regularization regularisation kernel seed
    random state folds nfolds kfold k n features feature model architecture arch backbone algorithm classifier
    estimator method encoder tokenizer scheduler warmup patience activation init preprocessing augmentation aug
    scaler normalization imputation sampling smote threshold target window lookback horizon lag max min num leaves
    colsample subsample dataset data version shape split fraction ratio resolution crop loss_fn criterion gpu gpus
    precision_bits temperature top_p top_k prompt context tokens lora rank base type runs modell datensatz lernrate
    tiefe verfahren
    """
)
ARTIFACT_WORDS = _set(
    """
    path url link file checkpoint ckpt weights output outputs report logs log artifact artifacts notebook folder
    directory dir pfad datei plot figure
    """
)

_UNITS = re.compile(
    r"\s*[\[(]\s*([^\])]*)\s*[\])]\s*$|\s+in\s+(s|sec|ms|min|h|hours|minutes|seconds|%)$", re.IGNORECASE
)
SECONDS = frozenset(("s", "sec", "secs", "second", "seconds", "sekunden"))


def without_unit(header: str) -> tuple[str, str]:
    """The header without the unit that stands in brackets behind it, and the unit."""
    match = _UNITS.search(header)
    if match is None or not header[: match.start()].strip():
        return header.strip(), ""
    return header[: match.start()].strip(), (match[1] or match[2] or "").strip()


def words_of(header: str) -> list[str]:
    """The words of a header in lower case: ``valAUC_mean`` is val, auc, mean."""
    spaced = re.sub(r"(?<=[a-zäöü])(?=[A-Z])", " ", header)
    return [word for word in re.split(r"[^\w@²%]+|_", spaced.casefold()) if word]


def slug(header: str) -> str:
    """The header as the name of a metric or a param: ``Learning rate`` is learning_rate."""
    return "_".join(re.split(r"[^\w@²%.-]+", header.strip())).strip("_").lower() or "column"
