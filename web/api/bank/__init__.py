"""The bank API: operations as data, the acts behind them, and what describes them."""
