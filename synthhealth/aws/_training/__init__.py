"""The parts of a training job on SageMaker."""
