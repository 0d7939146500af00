"""The rooms behind `synthhealth.aws.launch`."""
