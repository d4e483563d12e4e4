"""The NeurIPS paper checklist: 16 questions, each answered Yes, No or NA with a reason.

The order and count are those of neurips.cc/public/guides/PaperChecklist, read 2026-11-25.
"""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template, answers

ITEMS = (
    Item(
        "NeurIPS 1: claims match the results",
        part="question 1",
        section="Claims",
        asks="Do abstract and introduction claim what the paper shows, no more and no less?",
    ),
    Item(
        "NeurIPS 2: limitations",
        part="question 2",
        section="Limitations",
        asks="Does the paper say where the work ends: strong assumptions, what breaks it, how far the tests reach?",
    ),
    Item(
        "NeurIPS 3: assumptions and proofs",
        part="question 3",
        section="Theory",
        asks="Does every theoretical result state all its assumptions and have a complete, correct proof?",
    ),
    Item(
        "NeurIPS 4: results can be reproduced",
        "git clean and param * and artifact kind=environment|container",
        part="question 4",
        section="Reproducibility",
        asks="Is there all that somebody needs to reproduce the main results, whether or not code and data are open?",
    ),
    Item(
        "NeurIPS 5: open data and code",
        "tag code_url and tag data_url",
        part="question 5",
        section="Open access",
        asks="Are data and code open, with instructions that lead to the main results?",
    ),
    Item(
        "NeurIPS 6: setting of the experiments",
        'param * and artifact kind="data set"',
        part="question 6",
        section="Setting and details",
        asks="Are splits, hyperparameters, how they were chosen, the optimiser and the like all named?",
    ),
    Item(
        "NeurIPS 7: error bars",
        "metric *_std|*_sem|*_ci*|*_stderr",
        part="question 7",
        section="Statistical significance",
        asks="Do results have error bars or tests, and is it said what they vary over and how they were computed?",
    ),
    Item(
        "NeurIPS 8: compute",
        "column host and column duration",
        part="question 8",
        section="Compute resources",
        asks="For each experiment: which machines, how much memory, how long; and how much in all, failed trials too?",
    ),
    Item(
        "NeurIPS 9: code of ethics",
        part="question 9",
        section="Code of ethics",
        asks="Does the work follow the NeurIPS code of ethics in every respect?",
    ),
    Item(
        "NeurIPS 10: broader impacts",
        part="question 10",
        section="Broader impacts",
        asks="Are possible good and harmful effects on society discussed?",
    ),
    Item(
        "NeurIPS 11: safeguards",
        part="question 11",
        section="Safeguards",
        asks="If data or models could be misused: what guards their release?",
    ),
    Item(
        "NeurIPS 12: licences of assets used",
        "tag license|data_license",
        part="question 12",
        section="Licences",
        asks="Are makers of data, code and models that were used credited, and licences and terms named and kept?",
    ),
    Item(
        "NeurIPS 13: new assets documented",
        'artifact kind="model card" or artifact kind=datasheet',
        part="question 13",
        section="New assets",
        asks="Are new data, code and models documented, and does the documentation come with them?",
    ),
    Item(
        "NeurIPS 14: people who took part",
        part="question 14",
        section="Human subjects",
        asks="Crowd work or human subjects: are instructions, screenshots and pay given in full?",
    ),
    Item(
        "NeurIPS 15: review board",
        part="question 15",
        section="IRB approvals",
        asks="Are risks to participants described, were they told, and was the approval of a review board obtained?",
    ),
    Item(
        "NeurIPS 16: use of language models",
        "tag llm_use",
        part="question 16",
        section="Declaration of LLM usage",
        asks="If LLMs are an important, original or non-standard part of the method: is their use described?",
    ),
)

TEMPLATE = Template(
    name="neurips",
    title="paper registry, NeurIPS checklist",
    purpose="The experiments behind a paper, with the 16 questions of the NeurIPS checklist and what proves them.",
    source=Source(
        "NeurIPS paper checklist (2025)",
        "neurips.cc/public/guides/PaperChecklist",
        (
            "16 questions, answered Yes, No or NA with one or two sentences. A paper without the checklist is rejected "
            "unread. Question 16, on language models, was added in 2025.",
            "Each year's call may change it: compare with the current template before you submit.",
        ),
    ),
    items=ITEMS,
    steps=(
        "Log every experiment. Tag the runs whose numbers are in the paper: only those get the checklist.",
        "Answer the 16 questions in Paper checklist as you go; at the end, copy them into your LaTeX file.",
        "Look at Checklist: which runs behind the paper lack a clean commit, error bars, data or licences.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("paper.xlsx", experiment="main") as run:',
        '    run.set_tag("paper", "Table 2, row 3")',
        '    run.log_params({"lr": 1e-3, "seed": 0})',
        '    run.log_metrics({"accuracy": 0.91, "accuracy_std": 0.004})',
    ),
    next_review=date(2027, 3, 15),
    applies_to="tag:paper=*",
    forms=(
        answers(
            "paper_checklist",
            "Paper checklist",
            "The 16 questions of the NeurIPS checklist, in our words: an answer and one or two sentences each.",
            ITEMS,
            ("Paper", "Track and year", "Who submits"),
            {"Yes": "GOOD", "No": "CAUTION", "NA": "QUIET"},
        ),
    ),
    run_columns=("tags.paper", "params.seed", "tags.code_url", "tags.data_url", "tags.license", "tags.llm_use"),
)
