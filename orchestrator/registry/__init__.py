"""experts.yaml: models, loading with places, generations."""
