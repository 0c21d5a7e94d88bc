"""The service without a server: experts, routers and batches in this process."""
