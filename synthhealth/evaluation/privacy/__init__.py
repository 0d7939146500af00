"""What an attacker learns of patients, from synthetic rows or from a saved model."""
