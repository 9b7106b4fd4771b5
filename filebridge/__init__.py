"""Put any legacy simulator behind the Gymnasium API with one YAML file."""
