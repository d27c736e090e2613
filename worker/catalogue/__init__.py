"""The job types that come with Tailrace, from a greeting to an agent with tools."""

# Under other names than their modules', which they would hide.
from worker.catalogue.agent.job import agent as agent_job
from worker.catalogue.files.job import files as files_job
from worker.catalogue.generate.job import generate as generate_job
from worker.catalogue.hello import hello as hello_job
from worker.catalogue.monitor.job import monitor as monitor_job
from worker.catalogue.report.job import report as report_job
from worker.catalogue.ticks import ticks as ticks_job
from worker.catalogue.train.job import train as train_job

__all__ = ["agent_job", "files_job", "generate_job", "hello_job", "monitor_job", "report_job", "ticks_job", "train_job"]
