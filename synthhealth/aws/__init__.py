"""Everything AWS; nothing of it is imported by the rest of the package.

`synthhealth.aws.training` learns a table in a training job, `synthhealth.aws.serving` answers
requests for synthetic rows with pure functions, `synthhealth.aws.server` does so over HTTP.
"""
