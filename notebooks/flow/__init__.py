"""A rectified-flow generator of pictures: model, training, sampling and evaluation.

It draws pictures by following a learned velocity from noise to data. W&B is optional: one switch
in the config turns it on, and nothing but `flow.run_logger` knows of it when it trains.

References
----------
X. Liu, C. Gong, Q. Liu: Flow Straight and Fast, 2022. https://arxiv.org/abs/2209.03003
Y. Lipman and others: Flow Matching for Generative Modeling, 2022. https://arxiv.org/abs/2210.02747
"""
