"""What holds an operator's secrets together: an enclave, or its simulation."""
