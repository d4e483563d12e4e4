"""The reproducibility checklist of the ACL conferences: 18 items in three groups.

The order and count are those of 2021.naacl.org/calls/reproducibility-checklist, read 2026-11-25.
"""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template, answers

RESULTS, SEARCH, DATA = "All results", "Results of several experiments", "Data sets"

ITEMS = (
    Item(
        "ACL 1: model described",
        "artifact category=documentation",
        part="item 1",
        section=RESULTS,
        asks="Is the mathematical setting, algorithm or model described clearly?",
    ),
    Item(
        "ACL 2: code and dependencies",
        "tag code_url and artifact kind=environment|container",
        part="item 2",
        section=RESULTS,
        asks="Is there a link to the code, with every dependency and external library named?",
    ),
    Item(
        "ACL 3: computing infrastructure",
        "column host",
        part="item 3",
        section=RESULTS,
        asks="Are the machines that were used described?",
    ),
    Item(
        "ACL 4: runtime or energy",
        "column duration or metric *energy*",
        part="item 4",
        section=RESULTS,
        asks="Is the average runtime of each model, or its estimated energy cost, given?",
    ),
    Item(
        "ACL 5: number of parameters",
        "param n_parameters or metric n_parameters",
        part="item 5",
        section=RESULTS,
        asks="Is the number of parameters of each model given?",
    ),
    Item(
        "ACL 6: validation score for each test score",
        "metric val_*|valid_*|validation_*|dev_*",
        part="item 6",
        section=RESULTS,
        asks="Has every test result the validation result that belongs to it?",
    ),
    Item(
        "ACL 7: measures defined",
        part="item 7",
        section=RESULTS,
        asks="Is each evaluation measure or statistic defined without doubt?",
    ),
    Item(
        "ACL 8: number of runs",
        "param n_runs|n_trials or tag n_runs|n_trials",
        part="item 8",
        section=SEARCH,
        asks="Is the exact number of training and evaluation runs given?",
    ),
    Item(
        "ACL 9: bounds of the search",
        "artifact name=*search*space*|*sweep*",
        part="item 9",
        section=SEARCH,
        asks="Are the bounds of every hyperparameter given?",
    ),
    Item(
        "ACL 10: best configurations",
        "param * or artifact kind=config",
        part="item 10",
        section=SEARCH,
        asks="Are the hyperparameters of the best models given?",
    ),
    Item(
        "ACL 11: how hyperparameters were chosen",
        "tag selected_by",
        part="item 11",
        section=SEARCH,
        asks="By which method were values tried (by hand, at random, …), and by which measure was one selected?",
    ),
    Item(
        "ACL 12: summary statistics",
        "metric *_mean|*_std|*_var|*_sem",
        part="item 12",
        section=SEARCH,
        asks="Are results summarised: mean, variance, error bars?",
    ),
    Item(
        "ACL 13: statistics of the data",
        'every artifact kind="data set" has profile',
        part="item 13",
        section=DATA,
        asks="Are counts of examples, balance of labels and the like given?",
    ),
    Item(
        "ACL 14: splits",
        'artifact kind="data set" name=*train* and artifact kind="data set" name=*test*',
        part="item 14",
        section=DATA,
        asks="Are the splits into training, validation and test described?",
    ),
    Item(
        "ACL 15: exclusions and preprocessing",
        "artifact kind=datasheet",
        part="item 15",
        section=DATA,
        asks="Is it said which data were left out and how the rest was preprocessed, step by step?",
    ),
    Item(
        "ACL 16: languages",
        "tag language",
        part="item 16",
        section=DATA,
        asks="Is the language of all natural-language data named?",
    ),
    Item(
        "ACL 17: link to the data",
        "tag data_url",
        part="item 17",
        section=DATA,
        asks="Is there a link to the data, or to the simulation environment?",
    ),
    Item(
        "ACL 18: how new data were collected",
        "artifact kind=datasheet",
        part="item 18",
        section=DATA,
        asks="New data: are instructions to annotators and the checks of their quality given in full?",
    ),
)

TEMPLATE = Template(
    name="acl",
    title="paper registry, ACL checklist",
    purpose="The experiments behind a paper, with the 18 items of the ACL checklist and what proves them.",
    source=Source(
        "ACL reproducibility checklist (NAACL 2021)",
        "2021.naacl.org/calls/reproducibility-checklist",
        (
            "18 items, asked at submission: seven on all results, five on searches, six on data sets.",
            "Later ACL venues ask for the Responsible NLP checklist as well: compare with the current call.",
        ),
    ),
    items=ITEMS,
    steps=(
        "Log every experiment. Tag the runs whose numbers are in the paper: only those get the checklist.",
        "Answer the 18 items in Paper checklist as you go; the reason says where in the paper it stands.",
        "Look at Checklist: which runs behind the paper lack a validation score, a link, a profile of their data.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("paper.xlsx", experiment="parser") as run:',
        '    run.set_tags({"paper": "Table 2", "language": "Finnish"})',
        '    run.log_params({"n_parameters": 11_000_000, "n_trials": 40})',
        '    run.log_metrics({"val_f1": 0.842, "test_f1": 0.837})',
        '    run.log_metric("test_f1_std", 0.003)',
    ),
    next_review=date(2027, 3, 15),
    applies_to="tag:paper=*",
    forms=(
        answers(
            "paper_checklist",
            "Paper checklist",
            "The 18 items of the ACL reproducibility checklist, in our words: answer in the blue columns.",
            ITEMS,
            ("Paper", "Venue and year", "Who submits"),
            {"yes": "GOOD", "no": "CAUTION", "not applicable": "QUIET"},
        ),
    ),
    run_columns=(
        "tags.paper",
        "params.n_parameters",
        "tags.language",
        "tags.code_url",
        "tags.data_url",
        "tags.selected_by",
    ),
)
