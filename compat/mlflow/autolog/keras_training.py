"""A small network: metrics per epoch."""

import keras
from sklearn.datasets import load_iris

features, target = load_iris(return_X_y=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3, activation="softmax")])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(features.astype("float32"), target, epochs=3, batch_size=30, validation_split=0.2, verbose=0)
