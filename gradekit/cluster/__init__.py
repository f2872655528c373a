"""A class judged by the workers of a Dask cluster; taken in and recorded where the gradebook is."""
