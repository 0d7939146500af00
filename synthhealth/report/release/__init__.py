"""The verdict on a release: what the attacks show of the tests, on a page to be signed."""
